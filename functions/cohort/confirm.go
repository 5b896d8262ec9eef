package cohort

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

type tokenBody struct {
	Token string `json:"token"`
}

func (s *service) postConfirmation(w http.ResponseWriter, r *http.Request) error {
	var in tokenBody
	var faults fault.Fields
	if _, err := web.Decode(r, &in, &faults); err != nil {
		return err
	}
	if err := faults.Err(); err != nil {
		return err
	}
	item, err := s.confirm(r.Context(), r.PathValue("id"), in.Token)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, item.view())
}

// rounds bounds how often a change starts over because others were quicker.
const rounds = 10

// overFaults say why an application that will never be accepted takes no
// confirmation.
var overFaults = map[string]*fault.Error{
	withdrawn: errWithdrawn,
	declined:  fault.New(fault.Conflict, "application-declined", "Cette candidature n’a pas été retenue : il n’y a plus rien à confirmer."),
}

var errNotMember = fault.New(fault.Forbidden, "not-a-member", "Seul le lien reçu par chacune des quatre personnes permet de confirmer.")

// confirm notes that one of the four takes part, and that the address is
// theirs: only the mail holds the token. Again, it changes nothing. It returns
// "member-replaced" when somebody else holds the role now, and
// "application-withdrawn" or "application-declined" when there is nothing left
// to take part in.
func (s *service) confirm(ctx context.Context, id, token string) (item applicationItem, err error) {
	for range rounds {
		item, subject, err := s.opened(ctx, id, token)
		if err != nil {
			return item, err
		}
		if subject.Role == "" {
			return item, errNotMember
		}
		if item.Members[subject.Role].ConfirmedAt != "" {
			return item, nil
		}
		if over := overFaults[item.Decision]; over != nil {
			return item, over
		}
		item, err = s.confirmOnce(ctx, item, subject)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return item, err
		}
	}
	return item, errChanged
}

func (s *service) confirmOnce(ctx context.Context, old applicationItem, subject memberSubject) (applicationItem, error) {
	var m memberItem
	key := memberKey(subject.Person, old.ID, subject.Role)
	if found, err := s.table.Get(ctx, key, &m); err != nil || !found {
		return old, errors.Join(err, errReplaced)
	}
	now := s.now().UTC().Format(time.RFC3339)
	item := old
	item.Members = map[alliance.Role]memberIn{}
	for role, in := range old.Members {
		if role == subject.Role {
			in.ConfirmedAt = now
		}
		item.Members[role] = in
	}
	item.Revision++
	var writes dynamo.Writes
	writes.Add(s.table.Put(item.marked(), sameRevision(old)))
	writes.Add(s.table.Update(key, expression.Set(expression.Name("confirmed_at"), expression.Value(now)), dynamo.Exists))
	// Now that somebody stands for it, the territory is theirs for good.
	writes.Add(s.table.Put(claimItem{Key: old.claim(), Application: old.ID}, old.mine()))
	to, err := s.cohort(ctx, old.Cohort)
	if err != nil {
		return old, err
	}
	token, err := s.memberToken(ctx, subject)
	if err != nil {
		return old, err
	}
	data := map[string]string{"cohort": to.Name, "territory": territoryName(old.Territory), "manage": pagePath(old.ID, token), mail.About: teamPath(old)}
	template := "application-confirmed"
	if item.whole() {
		template = "application-complete"
	}
	writes.Add(s.table.Put(mail.NewIntent(s.newID("mail"), template, subject.Person, m.Email, m.fullName(), data, s.now()), dynamo.Absent))
	err = writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) && refused.Failed(2) && !refused.Failed(0) {
		return old, errApplied // it lapsed, and another application came
	}
	return item, err
}

// remindEvery is how often the four may be reminded.
const remindEvery = time.Hour

var errReminded = fault.New(fault.Conflict, "reminded-already", "Un message est parti il y a moins d’une heure : laissez-leur le temps.")

func (s *service) postReminder(w http.ResponseWriter, r *http.Request) error {
	item, _, err := s.opened(r.Context(), r.PathValue("id"), web.BearerToken(r))
	if err != nil {
		return err
	}
	if err := s.remind(r.Context(), item); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, item.view())
}

// remind asks again those of the four who have not confirmed, once an hour at
// most ("reminded-already"), passing over whoever must not be asked again now
// ("asked-already", "asked-enough" when nobody is left), unless it is decided for good
// ("application-decided") or has lapsed ("application-lapsed"). It costs
// nothing when all have. more is written with it.
func (s *service) remind(ctx context.Context, item applicationItem, more ...types.TransactWriteItem) error {
	waiting := item.unconfirmed()
	if len(waiting) == 0 {
		return nil
	}
	if !item.undecided() {
		return errDecided
	}
	now := s.now().UTC()
	if now.Sub(item.RemindedAt) < remindEvery {
		return errReminded
	}
	to, err := s.cohort(ctx, item.Cohort)
	if err != nil {
		return err
	}
	var writes dynamo.Writes
	earlier := item.askedLately(now)
	item.Asked = slices.Clone(earlier)
	var refusal error
	waiting = slices.DeleteFunc(waiting, func(role alliance.Role) bool {
		not := item.ask(earlier, item.Members[role].Person, now)
		refusal = cmp.Or(refusal, not)
		return not != nil
	})
	if len(waiting) == 0 {
		return refusal
	}
	writes.Add(s.table.Update(item.Key, expression.Set(expression.Name("reminded_at"), expression.Value(now)).
		Set(expression.Name("asked"), expression.Value(item.Asked)).
		Add(expression.Name("revision"), expression.Value(1)), sameRevision(item)))
	writes.Add(s.table.Check(item.claim(), item.mine()))
	for _, role := range waiting {
		var m memberItem
		if found, err := s.table.Get(ctx, memberKey(item.Members[role].Person, item.ID, role), &m); err != nil || !found {
			return errors.Join(err, errChanged)
		}
		intent, err := s.confirmationMail(ctx, item, to, m)
		if err != nil {
			return err
		}
		writes.Add(s.table.Put(intent, dynamo.Absent))
	}
	writes.Items = append(writes.Items, more...)
	err = writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) && refused.Failed(1) {
		return errLapsed
	}
	return refusedAs(err, errReminded)
}
