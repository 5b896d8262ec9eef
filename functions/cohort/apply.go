package cohort

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/applicant"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// applicationInput is what a territory sends to apply.
type applicationInput struct {
	Territory  string  `json:"territory" doc:"Official code; REG-76 for a region"`
	Motivation string  `json:"motivation" maxLength:"5000"`
	Quartet    quartet `json:"quartet" doc:"The four, as far as they are known"`
}

const maxMotivation = 5000

// unconfirmedFor is how long an application of which nobody has confirmed
// keeps its territory: then anyone may apply for it again.
const unconfirmedFor = 30 * 24 * time.Hour

var (
	errClosed  = fault.New(fault.Conflict, "cohort-closed", "Cette cohorte ne prend pas de candidatures en ce moment.")
	errApplied = fault.New(fault.Conflict, "already-applied", "Une candidature de ce territoire à cette cohorte existe déjà.")
)

func (in *applicationInput) check(faults *fault.Fields) {
	checkMotivation(faults, &in.Motivation)
	in.Quartet.check(faults)
	if len(in.Quartet.named()) == 0 {
		faults.Add("quartet", "Nommez au moins une des quatre personnes.")
	}
}

func checkMotivation(faults *fault.Fields, text *string) {
	*text = strings.TrimSpace(*text)
	if *text == "" {
		faults.Add("motivation", "Dites en quelques mots ce qui vous amène.")
	} else if utf8.RuneCountInString(*text) > maxMotivation {
		faults.Add("motivation", "Raccourcissez ce texte : 5 000 caractères au plus.")
	}
}

func (s *service) postApplication(w http.ResponseWriter, r *http.Request) error {
	var in applicationInput
	var faults fault.Fields
	body, err := web.Decode(r, &in, &faults)
	if err != nil {
		return err
	}
	answer, err := s.apply(r.Context(), r.PathValue("slug"), in, &faults, r.Header.Get("Idempotency-Key"), body)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, answer)
}

// apply starts an application. It returns Invalid with every fault, NotFound
// for an unknown cohort, and the Conflict faults "cohort-closed" and
// "already-applied".
func (s *service) apply(ctx context.Context, slug string, in applicationInput, faults *fault.Fields, key string, asked []byte) (answer applicationView, err error) {
	now := s.now()
	once := s.table.Once("POST /v1/cohorts/"+slug+"/applications", key, asked, now)
	if text, found, err := once.Answered(ctx); err != nil || found {
		return readAnswer[applicationView](text, err)
	}
	to, err := s.cohort(ctx, slug)
	if err != nil {
		return answer, err
	}
	from := checkTerritory(faults, in.Territory, to)
	in.check(faults)
	id := s.newID("app")
	item := applicationItem{
		Key: applicationKey(id), ID: id, Cohort: slug, Territory: from.Ref(), Motivation: in.Motivation,
		CreatedAt: now.UTC(), AppliedAt: now.UTC().Format(time.RFC3339) + "#" + id, Revision: 1, RemindedAt: now.UTC(),
		Members: map[alliance.Role]memberIn{},
	}
	var writes dynamo.Writes
	if !someInvalid(*faults) {
		if err := s.enter(ctx, &writes, &item, to, in.Quartet); err != nil {
			return answer, err
		}
		checkDistinct(item.Members, faults)
	}
	if err := faults.Err(); err != nil {
		return answer, err
	}
	if to.status(now) != openCall {
		return answer, errClosed
	}
	answer = item.view()
	if answer.ManageURL, err = s.manageURL(ctx, id); err != nil {
		return answer, err
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return answer, err
	}
	claim := claimItem{claimKey(slug, item.Territory), id, now.Add(unconfirmedFor).Unix()}
	lapsed := expression.Name("expires_at").LessThan(expression.Value(now.Unix()))
	claimed := len(writes.Items)
	writes.Add(s.table.Put(claim, dynamo.Absent.Or(lapsed)))
	writes.Add(s.table.Put(item.marked(), dynamo.Absent))
	keep, keyed, err := once.Answer(string(text))
	if keyed || err != nil {
		writes.Add(keep, err)
	}
	err = writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		if text, found, firstErr := once.First(refused, claimed+2); keyed && (found || firstErr != nil) {
			return readAnswer[applicationView](text, firstErr)
		}
		return answer, errApplied
	}
	return answer, err
}

// someInvalid tells whether people cannot be told apart yet.
func someInvalid(faults fault.Fields) bool {
	for _, f := range faults {
		if strings.HasPrefix(f.Location, "quartet") {
			return true
		}
	}
	return false
}

// enter names people for roles: it changes the item and adds what stands under
// each of them, with the mail that asks them to confirm. Whoever holds the
// role already keeps it, confirmed or not. It returns the Conflict faults
// "asked-already" and "asked-enough".
func (s *service) enter(ctx context.Context, writes *dynamo.Writes, item *applicationItem, to cohortItem, q quartet) error {
	people, err := s.hashes(ctx, q)
	if err != nil {
		return err
	}
	item.Members = maps.Clone(item.Members)
	earlier := item.askedLately(s.now())
	item.Asked = slices.Clone(earlier)
	for _, role := range alliance.Quartet {
		m := q.named()[role]
		if m == nil {
			continue
		}
		before, held := item.Members[role]
		record := memberItem{Key: memberKey(people[role], item.ID, role), Application: item.ID, Role: role,
			GivenName: m.GivenName, FamilyName: m.FamilyName, Email: m.Email, Organisation: m.Organisation, CreatedAt: s.now().UTC(), List: applicant.Everyone}
		if held && before.Person == people[role] {
			record.ConfirmedAt = before.ConfirmedAt
			writes.Add(s.table.Put(record))
			continue
		}
		if held {
			writes.Add(s.table.Delete(memberKey(before.Person, item.ID, role)))
		}
		if err := item.ask(earlier, people[role], s.now()); err != nil {
			return err
		}
		item.Members[role] = memberIn{Person: people[role]}
		writes.Add(s.table.Put(record))
		intent, err := s.confirmationMail(ctx, *item, to, record)
		if err != nil {
			return err
		}
		writes.Add(s.table.Put(intent, dynamo.Absent))
	}
	return nil
}

// confirmationMail asks one of the four to confirm.
func (s *service) confirmationMail(ctx context.Context, item applicationItem, to cohortItem, m memberItem) (mail.Intent, error) {
	person := item.Members[m.Role].Person
	token, err := s.memberToken(ctx, memberSubject{item.ID, m.Role, person})
	if err != nil {
		return mail.Intent{}, err
	}
	return mail.NewIntent(s.newID("mail"), "application-confirm", person, m.Email, m.fullName(), map[string]string{
		"cohort": to.Name, "territory": territoryName(item.Territory), "role": m.Role.Label(), "organisation": m.Organisation,
		"link": pagePath(item.ID, token), mail.About: teamPath(item),
	}, s.now()), nil
}

// applicationChange completes an application: what is nil stays.
type applicationChange struct {
	Motivation *string `json:"motivation,omitempty"`
	Quartet    quartet `json:"quartet,omitempty" doc:"Roles to name, or to give to someone else"`
}

func (s *service) getApplication(w http.ResponseWriter, r *http.Request) error {
	item, _, err := s.opened(r.Context(), r.PathValue("id"), web.BearerToken(r))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, item.view())
}

func (s *service) patchApplication(w http.ResponseWriter, r *http.Request) error {
	item, _, err := s.opened(r.Context(), r.PathValue("id"), web.BearerToken(r))
	if err != nil {
		return err
	}
	var in applicationChange
	var faults fault.Fields
	if _, err := web.Decode(r, &in, &faults); err != nil {
		return err
	}
	if item, err = s.completeWith(r.Context(), item, in, &faults); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, item.view())
}

var errDecided = fault.New(fault.Conflict, "application-decided", "Cette candidature est déjà décidée : écrivez-nous pour la changer.")

// completeWith changes an application that is not decided for good. Whoever is
// named anew gets a mail to confirm. It returns the Conflict faults
// "application-decided", "application-lapsed", "changed-meanwhile", and those of
// enter.
func (s *service) completeWith(ctx context.Context, old applicationItem, in applicationChange, faults *fault.Fields) (applicationItem, error) {
	in.Quartet.check(faults)
	if in.Motivation != nil {
		checkMotivation(faults, in.Motivation)
	}
	if err := faults.Err(); err != nil {
		return old, err
	}
	if !old.undecided() {
		return old, errDecided
	}
	to, err := s.cohort(ctx, old.Cohort)
	if err != nil {
		return old, err
	}
	item := old
	set(&item.Motivation, in.Motivation)
	item.Revision++
	var writes dynamo.Writes
	if err := s.enter(ctx, &writes, &item, to, in.Quartet); err != nil {
		return old, err
	}
	if checkDistinct(item.Members, faults); len(*faults) > 0 {
		return old, faults.Err()
	}
	writes.Add(s.table.Check(old.claim(), old.mine()))
	writes.Add(s.table.Put(item.marked(), sameRevision(old)))
	err = writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) && refused.Failed(len(writes.Items)-2) {
		return old, errLapsed
	}
	return item, refusedAs(err, errChanged)
}

// sameRevision holds for an application that nobody has changed since it was read.
func sameRevision(read applicationItem) expression.ConditionBuilder {
	return expression.Name("revision").Equal(expression.Value(read.Revision))
}
