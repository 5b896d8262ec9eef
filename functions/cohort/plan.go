package cohort

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

var (
	errNoCohort = fault.New(fault.NotFound, "unknown-cohort", "Cette cohorte n’existe pas.")
	errExists   = fault.New(fault.Conflict, "cohort-exists", "Une autre cohorte porte déjà cet identifiant.")
	errTaken    = fault.New(fault.Conflict, "seats-below-accepted", "Plus de territoires que cela sont déjà acceptés.")
	errChanged  = fault.New(fault.Conflict, "changed-meanwhile", "Cela vient de changer : relisez, puis recommencez.")
)

func (s *service) postCohort(w http.ResponseWriter, r *http.Request) error {
	var in cohortInput
	var faults fault.Fields
	body, err := web.Decode(r, &in, &faults)
	if err != nil {
		return err
	}
	in.check(&faults)
	if err := faults.Err(); err != nil {
		return err
	}
	made, err := s.plan(r.Context(), in, r.Header.Get("Idempotency-Key"), body)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/cohorts/"+made.Slug)
	return web.JSON(w, http.StatusCreated, made)
}

// plan makes a cohort. It returns the Conflict fault "cohort-exists".
func (s *service) plan(ctx context.Context, in cohortInput, key string, asked []byte) (made cohort, err error) {
	now := s.now()
	once := s.cohorts.Once("POST /v1/cohorts", key, asked, now)
	if text, found, err := once.Answered(ctx); err != nil || found {
		return readAnswer[cohort](text, err)
	}
	item := cohortItem{Key: cohortKey(in.Slug), Slug: in.Slug, CreatedAt: now.UTC(), Revision: 1}
	item.take(in)
	made = item.shown(now, nil, nil)
	text, err := json.Marshal(made)
	if err != nil {
		return cohort{}, err
	}
	var writes dynamo.Writes
	writes.Add(s.cohorts.Put(item, dynamo.Absent))
	writes.Add(s.audit.Entry(ctx, "cohort.created", in.Slug, nil, in))
	keep, keyed, err := once.Answer(string(text))
	if keyed || err != nil {
		writes.Add(keep, err)
	}
	err = writes.Commit(ctx, s.cohorts.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		if text, found, firstErr := once.First(refused, 2); keyed && (found || firstErr != nil) {
			return readAnswer[cohort](text, firstErr)
		}
		return cohort{}, errExists
	}
	return made, err
}

// readAnswer reads an answer that was given before.
func readAnswer[T any](text string, err error) (out T, _ error) {
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal([]byte(text), &out)
}

// cohortChange is what the team changes of a cohort: what is nil stays.
type cohortChange struct {
	Name      *string `json:"name,omitempty"`
	Programme *string `json:"programme,omitempty"`
	Scale     *Scale  `json:"scale,omitempty"`
	Region    *string `json:"region,omitempty"`
	Partner   *string `json:"partner,omitempty"`
	Seats     *int    `json:"seats,omitempty" doc:"Never under what is accepted"`
	OpensOn   *string `json:"opens_on,omitempty" format:"date"`
	ClosesOn  *string `json:"closes_on,omitempty" format:"date"`
	StartsOn  *string `json:"starts_on,omitempty" format:"date"`
	EndsOn    *string `json:"ends_on,omitempty" format:"date"`
}

func (c cohortChange) apply(in *cohortInput) {
	set(&in.Name, c.Name)
	set(&in.Programme, c.Programme)
	set(&in.Scale, c.Scale)
	set(&in.Region, c.Region)
	set(&in.Partner, c.Partner)
	set(&in.Seats, c.Seats)
	set(&in.OpensOn, c.OpensOn)
	set(&in.ClosesOn, c.ClosesOn)
	set(&in.StartsOn, c.StartsOn)
	set(&in.EndsOn, c.EndsOn)
}

// changeFrom is what differs between a cohort as someone read it and as they
// want it.
func changeFrom(was, wanted cohortInput) cohortChange {
	return cohortChange{
		Name: differing(was.Name, wanted.Name), Programme: differing(was.Programme, wanted.Programme), Scale: differing(was.Scale, wanted.Scale),
		Region: differing(was.Region, wanted.Region), Partner: differing(was.Partner, wanted.Partner), Seats: differing(was.Seats, wanted.Seats),
		OpensOn: differing(was.OpensOn, wanted.OpensOn), ClosesOn: differing(was.ClosesOn, wanted.ClosesOn),
		StartsOn: differing(was.StartsOn, wanted.StartsOn), EndsOn: differing(was.EndsOn, wanted.EndsOn),
	}
}

func differing[T comparable](was, wanted T) *T {
	if wanted == was {
		return nil
	}
	return &wanted
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

func (s *service) patchCohort(w http.ResponseWriter, r *http.Request) error {
	var in cohortChange
	var faults fault.Fields
	if _, err := web.Decode(r, &in, &faults); err != nil {
		return err
	}
	if err := s.change(r.Context(), r.PathValue("slug"), in, &faults); err != nil {
		return err
	}
	shown, err := s.shownCohort(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, shown)
}

// change changes a cohort; what others change at the same moment stays. Its
// seats never go under what is accepted: "seats-below-accepted".
func (s *service) change(ctx context.Context, slug string, in cohortChange, faults *fault.Fields) error {
	for range rounds {
		old, err := s.cohort(ctx, slug)
		if err != nil {
			return err
		}
		err = s.changeOnce(ctx, old, in, faults)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return err
		}
	}
	return errChanged
}

// changeOnce changes a cohort as it was read, and writes nothing when that
// changes nothing. It returns *dynamo.Refused when it has changed since.
func (s *service) changeOnce(ctx context.Context, old cohortItem, in cohortChange, faults *fault.Fields) error {
	wanted := old.input()
	in.apply(&wanted)
	wanted.check(faults)
	if err := faults.Err(); err != nil || wanted == old.input() {
		return err
	}
	if wanted.Seats < old.Accepted {
		return errTaken
	}
	changed := old
	changed.take(wanted)
	update := expression.
		Set(expression.Name("name"), expression.Value(changed.Name)).
		Set(expression.Name("programme"), expression.Value(changed.Programme)).
		Set(expression.Name("scale"), expression.Value(changed.Scale)).
		Set(expression.Name("region"), expression.Value(changed.Region)).
		Set(expression.Name("partner"), expression.Value(changed.Partner)).
		Set(expression.Name("seats"), expression.Value(changed.Seats)).
		Set(expression.Name("opens_on"), expression.Value(changed.OpensOn)).
		Set(expression.Name("closes_on"), expression.Value(changed.ClosesOn)).
		Set(expression.Name("starts_on"), expression.Value(changed.StartsOn)).
		Set(expression.Name("ends_on"), expression.Value(changed.EndsOn)).
		Set(expression.Name("list_at"), expression.Value(changed.ListAt)).
		Set(expression.Name("revision"), expression.Value(old.Revision+1))
	var writes dynamo.Writes
	writes.Add(s.cohorts.Update(old.Key, update, old.same(), expression.Name("accepted").LessThanEqual(expression.Value(changed.Seats))))
	writes.Add(s.audit.Entry(ctx, "cohort.changed", old.Slug, old.input(), wanted))
	return writes.Commit(ctx, s.cohorts.Client)
}

// refusedAs turns a refused transaction into a fault.
func refusedAs(err error, f *fault.Error) error {
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return f
	}
	return err
}
