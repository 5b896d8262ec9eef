package cohort

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// decisionInput is what the team decides.
type decisionInput struct {
	Decision string `json:"decision" enum:"accepted,declined,waiting"`
	Note     string `json:"note,omitempty" maxLength:"2000" doc:"Told to the four"`
}

const maxNote = 2000

func (in decisionInput) check(faults *fault.Fields) {
	switch in.Decision {
	case accepted, declined, waitingForSeat:
	default:
		faults.Add("decision", "Choisissez accepted, declined ou waiting.")
	}
	if utf8.RuneCountInString(in.Note) > maxNote {
		faults.Add("note", "Raccourcissez ce mot : 2 000 caractères au plus.")
	}
}

var (
	errFull       = fault.New(fault.Conflict, "cohort-full", "Toutes les places de cette cohorte sont prises.")
	errIncomplete = fault.New(fault.Conflict, "application-incomplete", "Les quatre personnes n’ont pas toutes confirmé : la candidature ne peut pas encore être acceptée.")
	errEnded      = fault.New(fault.Conflict, "cohort-ended", "Cette cohorte est terminée : aucun territoire ne peut plus y entrer.")
	errWithdrawn  = fault.New(fault.Conflict, "application-withdrawn", "Le territoire a retiré cette candidature.")
)

// errMeanwhile says what an application has become since it was read, by its
// status now.
var errMeanwhile = map[string]*fault.Error{
	draft:          fault.New(fault.Conflict, "decided-meanwhile", "La candidature a été modifiée entre-temps : relisez."),
	awaitingFour:   fault.New(fault.Conflict, "decided-meanwhile", "La candidature a été modifiée entre-temps : relisez."),
	complete:       fault.New(fault.Conflict, "decided-meanwhile", "La candidature a été complétée entre-temps : relisez."),
	accepted:       fault.New(fault.Conflict, "decided-meanwhile", "La candidature a été acceptée entre-temps : relisez."),
	declined:       fault.New(fault.Conflict, "decided-meanwhile", "La candidature a été classée « non retenue » entre-temps : relisez."),
	waitingForSeat: fault.New(fault.Conflict, "decided-meanwhile", "La candidature a été mise en attente entre-temps : relisez."),
}

func (s *service) postDecision(w http.ResponseWriter, r *http.Request) error {
	var in decisionInput
	var faults fault.Fields
	if _, err := web.Decode(r, &in, &faults); err != nil {
		return err
	}
	in.check(&faults)
	if err := faults.Err(); err != nil {
		return err
	}
	item, err := s.decide(r.Context(), r.PathValue("id"), in)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, item.view())
}

// decide carries out a decision: the same again changes nothing and tells
// nobody. It returns the Conflict faults "cohort-full", "cohort-ended",
// "application-incomplete", "application-withdrawn", "already-applied" (the
// territory has another live application by now) and "changed-meanwhile".
func (s *service) decide(ctx context.Context, id string, in decisionInput) (applicationItem, error) {
	return s.decideFrom(ctx, id, in, "")
}

// decideFrom is decide for who has read that the application has the status
// was, unless that is empty. When it has another by now, nothing is decided:
// "decided-meanwhile".
func (s *service) decideFrom(ctx context.Context, id string, in decisionInput, was string) (applicationItem, error) {
	for range rounds {
		old, err := s.application(ctx, id)
		if err != nil {
			return old, err
		}
		switch {
		case old.Decision == in.Decision:
			return old, nil
		case old.Decision == withdrawn:
			return old, errWithdrawn
		case was != "" && was != old.status():
			return old, errMeanwhile[old.status()]
		case in.Decision == accepted && !old.whole():
			return old, errIncomplete
		}
		entry, err := s.audit.Entry(ctx, "application."+in.Decision, id, map[string]string{"status": old.status()}, map[string]string{"status": in.Decision})
		if err != nil {
			return old, err
		}
		item, err := s.settle(ctx, old, in, entry)
		var again *dynamo.Refused
		if !errors.As(err, &again) {
			return item, err
		}
	}
	return applicationItem{}, errChanged
}

// The places in the transaction of settle.
const (
	settledItem = iota
	settledClaim
	settledSeat
)

// settle moves an application to a decision, in one transaction with its seat,
// its claim, its facts and the mails to the four. It returns *dynamo.Refused
// when the application has changed since it was read. more is written with it.
func (s *service) settle(ctx context.Context, old applicationItem, in decisionInput, more ...types.TransactWriteItem) (applicationItem, error) {
	to, err := s.cohort(ctx, old.Cohort)
	if err != nil {
		return old, err
	}
	now := s.now()
	if in.Decision == accepted && to.status(now) == ended {
		return old, errEnded
	}
	item := old
	item.Decision, item.DecidedOn, item.Revision = in.Decision, now.In(french.Paris()).Format(time.DateOnly), old.Revision+1
	var writes dynamo.Writes
	writes.Add(s.table.Put(item.marked(), sameRevision(old)))
	if item.live() {
		writes.Add(s.table.Put(claimItem{Key: old.claim(), Application: old.ID}, old.mine()))
	} else if err := s.release(ctx, &writes, old); err != nil {
		return old, err
	}
	switch {
	case item.Decision == accepted:
		s.enrol(&writes, to, item, now)
	case old.Decision == accepted:
		if err := s.leave(ctx, &writes, to, old, item.DecidedOn, now); err != nil {
			return old, err
		}
	}
	if err := s.tellFour(ctx, &writes, to, item, in.Note); err != nil {
		return old, err
	}
	writes.Items = append(writes.Items, more...)
	err = writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	switch {
	case !errors.As(err, &refused) || refused.Failed(settledItem):
		return item, err
	case item.live() && refused.Failed(settledClaim):
		return old, errApplied
	case item.Decision == accepted && refused.Failed(settledSeat):
		return old, fullUnlessChanged(refused, to)
	}
	return old, err
}

// fullUnlessChanged is why no seat was taken: none is left, unless the cohort
// became another while it was read (*dynamo.Refused).
func fullUnlessChanged(refused *dynamo.Refused, read cohortItem) error {
	var now cohortItem
	if _, err := refused.Old(settledSeat, &now); err != nil {
		return err
	}
	if now.Programme != read.Programme || now.EndsOn != read.EndsOn {
		return refused
	}
	return errFull
}

// enrol takes a seat and says that the territory is in.
func (s *service) enrol(writes *dynamo.Writes, to cohortItem, item applicationItem, now time.Time) {
	writes.Add(s.cohorts.Update(to.Key, expression.Add(expression.Name("accepted"), expression.Value(1)), s.seatLeft, to.stated()))
	s.state(writes, to, territoryItem{Key: territoryKey(to.Slug, item.Territory, byApplication), Territory: item.Territory,
		EnrolledOn: item.DecidedOn, SaidAt: now.UTC().Format(time.RFC3339)}, now)
}

// leave gives the seat back and says that the territory is out.
func (s *service) leave(ctx context.Context, writes *dynamo.Writes, to cohortItem, old applicationItem, day string, now time.Time) error {
	var stay territoryItem
	if _, err := s.cohorts.Get(ctx, territoryKey(to.Slug, old.Territory, byApplication), &stay); err != nil {
		return err
	}
	writes.Add(s.cohorts.Update(to.Key, expression.Add(expression.Name("accepted"), expression.Value(-1)),
		expression.Name("accepted").GreaterThan(expression.Value(0)), to.stated()))
	writes.Add(s.cohorts.Delete(territoryKey(to.Slug, old.Territory, byApplication), expression.Name("fact").Equal(expression.Value(stay.Fact))))
	over := stay.past(day, now)
	over.LeftFact = s.newID("fact")
	writes.Add(s.cohorts.Put(over, dynamo.Absent))
	s.stateLeft(writes, to, over, "", now)
	return nil
}

// confirmedFour are those of the four who have confirmed, each once however
// many roles they hold: to someone who never did, the address may not be theirs.
func (s *service) confirmedFour(ctx context.Context, item applicationItem) (people []memberItem, err error) {
	known := map[string]bool{}
	for _, role := range alliance.Quartet {
		in, named := item.Members[role]
		if !named || in.ConfirmedAt == "" || known[in.Person] {
			continue
		}
		known[in.Person] = true
		var m memberItem
		found, err := s.table.Get(ctx, memberKey(in.Person, item.ID, role), &m)
		if err != nil {
			return nil, err
		}
		if found { // or they are erased at this moment
			people = append(people, m)
		}
	}
	return people, nil
}

// tellFour adds a mail to each of the four who has confirmed, and keeps the word
// that goes with it.
func (s *service) tellFour(ctx context.Context, writes *dynamo.Writes, to cohortItem, item applicationItem, note string) error {
	people, err := s.confirmedFour(ctx, item)
	if err != nil {
		return err
	}
	for _, m := range people {
		data := map[string]string{"cohort": to.Name, "territory": territoryName(item.Territory), mail.About: teamPath(item)}
		if item.Decision == withdrawn {
			data["page"] = "/cohortes/" + to.Slug
		} else {
			data["note"] = note
		}
		if err := s.writeTo(ctx, writes, "application-"+item.Decision, m, data); err != nil {
			return err
		}
	}
	if note != "" && len(people) > 0 {
		s.keepWord(ctx, writes, item.ID, item.Decision, note, people)
	}
	return nil
}

// writeTo adds a mail to one of the four, with their link to the application
// unless it leads to another page.
func (s *service) writeTo(ctx context.Context, writes *dynamo.Writes, template string, m memberItem, data map[string]string) error {
	person := personIn(m.PK)
	if data["page"] == "" {
		token, err := s.memberToken(ctx, memberSubject{m.Application, m.Role, person})
		if err != nil {
			return err
		}
		data["manage"] = pagePath(m.Application, token)
	}
	writes.Add(s.table.Put(mail.NewIntent(s.newID("mail"), template, person, m.Email, m.fullName(), data, s.now()), dynamo.Absent))
	return nil
}

// personIn is the person in whose partition an item stands.
func personIn(partition string) string { return strings.TrimPrefix(partition, personal.Partition("")) }

func (s *service) postWithdrawal(w http.ResponseWriter, r *http.Request) error {
	item, _, err := s.opened(r.Context(), r.PathValue("id"), web.BearerToken(r))
	if err != nil {
		return err
	}
	if item, err = s.withdraw(r.Context(), item); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, item.view())
}

// withdraw ends an application that its territory no longer wants; its seat,
// if it had one, is free again. more is written with it.
func (s *service) withdraw(ctx context.Context, old applicationItem, more ...types.TransactWriteItem) (applicationItem, error) {
	for range rounds {
		if old.Decision == withdrawn || old.Decision == declined {
			return old, nil
		}
		item, err := s.settle(ctx, old, decisionInput{Decision: withdrawn}, more...)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return item, err
		}
		if old, err = s.application(ctx, old.ID); err != nil {
			return old, err
		}
	}
	return old, errChanged
}
