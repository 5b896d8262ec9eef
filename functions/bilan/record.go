package bilan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// factInput is a fact that the team records.
type factInput struct {
	Type string `json:"type" doc:"intervention, media.appearance, support.one_off, support.experimental, thesis or training, or fact.voided to cancel one; with or without its version"`
	// Data follows the schema of the type.
	Data     map[string]any `json:"data" doc:"As events/TYPE.v1.schema.json says"`
	Corrects string         `json:"corrects,omitempty" doc:"The fact of the same type that this one replaces; for fact.voided, the one that counts no more, of any type"`
}

// factView is a fact as it stands in the ledger.
type factView struct {
	SpecVersion     string         `json:"specversion"`
	ID              string         `json:"id"`
	Source          string         `json:"source"`
	Type            string         `json:"type"`
	Subject         string         `json:"subject"`
	Time            time.Time      `json:"time" doc:"When it happened: the beginning of its day in Paris"`
	DataContentType string         `json:"datacontenttype"`
	DataSchema      string         `json:"dataschema"`
	Data            map[string]any `json:"data"`
}

// postedItem is a fact that the team recorded, and which one corrected it.
type postedItem struct {
	dynamo.Key
	Type        string `dynamodbav:"type"`
	CorrectedBy string `dynamodbav:"corrected_by,omitempty"`
	Void        bool   `dynamodbav:"void,omitempty"` // the other put nothing in its place
}

func postedKey(id string) dynamo.Key { return dynamo.Key{PK: "POSTED#" + id, SK: "POSTED"} }

func (s *service) postFact(w http.ResponseWriter, r *http.Request) error {
	var in factInput
	var faults fault.Fields
	body, err := web.Decode(r, &in, &faults)
	if err != nil {
		return err
	}
	fact, err := s.recordFact(r.Context(), in, &faults, r.Header.Get("Idempotency-Key"), body)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, fact)
}

// check notes every fault of what is said, and returns its form.
func (in *factInput) check(today string, faults *fault.Fields) form {
	f, known := formOf(in.Type)
	if !known {
		faults.Add("type", "Choisissez un type parmi intervention, media.appearance, support.one_off, support.experimental, thesis, training et fact.voided.")
		return form{}
	}
	if in.Data == nil {
		in.Data = map[string]any{}
	}
	if named, given := in.Data["corrects"]; given {
		text, isText := named.(string)
		if !isText || in.Corrects != "" && in.Corrects != text {
			faults.Add("data.corrects", "Nommez un seul fait à corriger.")
		}
		in.Corrects = text
		delete(in.Data, "corrects")
	}
	f.check(in.Data, today, faults)
	if f.voids() && in.Corrects == "" {
		faults.Add("corrects", "Nommez le fait à annuler.")
	}
	return f
}

// recordFact appends a fact of the team. Nothing is stored when it has a fault.
func (s *service) recordFact(ctx context.Context, in factInput, faults *fault.Fields, key string, asked []byte) (out factView, err error) {
	now := s.now()
	f := in.check(dayOf(now), faults)
	var old postedItem
	if in.Corrects != "" {
		found, err := s.table.Get(ctx, postedKey(in.Corrects), &old)
		if err != nil {
			return out, err
		}
		if !found || !f.mayCorrect(old.Type) {
			notCorrectable(old, found, f, faults)
		}
	}
	if err := faults.Err(); err != nil {
		return out, err
	}
	once := s.table.Once("POST /v1/facts", key, asked, now)
	if text, found, err := once.Answered(ctx); err != nil || found {
		return readAnswer(text, err)
	}
	at, err := f.happened(in.Data, now)
	if err != nil {
		return out, fmt.Errorf("fact: %w", err)
	}
	if in.Corrects != "" {
		in.Data["corrects"] = in.Corrects
	}
	if f.voids() {
		in.Data["corrected_type"] = old.Type
	}
	fact := ledger.New(s.newID("fact"), "bilan", f.Type, f.subject(in.Data), at, in.Data)
	text, err := json.Marshal(fact)
	if err != nil {
		return out, fmt.Errorf("fact: %w", err)
	}
	var writes dynamo.Writes
	writes.Add(ledger.Append(s.ledger, fact, now))
	writes.Add(s.table.Put(postedItem{Key: postedKey(fact.ID), Type: f.Type}, dynamo.Absent))
	writes.Add(s.audit.Entry(ctx, "fact.recorded", fact.ID, nil, in))
	const placeOfCorrected = 3
	if in.Corrects != "" {
		writes.Add(s.table.Update(postedKey(in.Corrects), expression.Set(expression.Name("corrected_by"), expression.Value(fact.ID)).
			Set(expression.Name("void"), expression.Value(f.voids())), expression.Name("type").Equal(expression.Value(old.Type)).And(expression.AttributeNotExists(expression.Name("corrected_by")))))
	}
	placeOfAnswer := len(writes.Items)
	answer, keyed, err := once.Answer(string(text))
	if keyed || err != nil {
		writes.Add(answer, err)
	}
	err = writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	switch {
	case !errors.As(err, &refused):
		if err != nil {
			return out, err
		}
		return readAnswer(string(text), nil)
	case keyed && refused.Failed(placeOfAnswer):
		text, _, err := once.First(refused, placeOfAnswer)
		return readAnswer(text, err)
	case in.Corrects != "" && refused.Failed(placeOfCorrected):
		var old postedItem
		found, err := refused.Old(placeOfCorrected, &old)
		if err != nil {
			return out, err
		}
		notCorrectable(old, found, f, faults)
		return out, faults.Err()
	}
	return out, err
}

// mayCorrect tells whether a fact of this form may correct one of a type.
func (f form) mayCorrect(kind string) bool {
	return kind != voided.Type && (kind == f.Type || f.voids())
}

// notCorrectable notes why a fact cannot be corrected by one of this form.
func notCorrectable(old postedItem, found bool, f form, faults *fault.Fields) {
	switch {
	case !found:
		faults.Add("corrects", "Aucun fait que l’équipe a enregistré n’a ce numéro.")
	case old.Type == voided.Type:
		faults.Add("corrects", "Une annulation ne se corrige pas\u00a0: enregistrez le fait de nouveau.")
	case !f.mayCorrect(old.Type):
		faults.Add("corrects", "Ce fait est d’un autre type : un fait se corrige par un fait du même type.")
	case old.Void:
		faults.Add("corrects", "Ce fait est déjà annulé par "+old.CorrectedBy+".")
	default:
		faults.Add("corrects", "Ce fait est déjà corrigé par "+old.CorrectedBy+" : corrigez ce dernier.")
	}
}

func readAnswer(text string, err error) (out factView, _ error) {
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal([]byte(text), &out)
}
