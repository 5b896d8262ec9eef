package team

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/openwork"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
)

// task is something that needs a hand: how many, and where it is dealt with.
type task struct {
	Count           int
	Unknown         bool   // it could not be counted
	None, One, Many string // what is counted, in French
	Why             string
	Path            string // empty when who looks cannot deal with it
}

// work counts what needs a hand. Each owner keeps it where a query finds it
// (docs/adr/0030-open-work.md): nothing is scanned, nobody is called.
func (s *service) work(ctx context.Context) (tasks []task, err error) {
	for _, one := range []struct {
		count func(context.Context) (int, error)
		task
	}{
		{s.applicationsToDecide, task{None: "Aucune candidature à décider", One: "candidature à décider", Many: "candidatures à décider", Why: "Complètes, et confirmées par les quatre.", Path: "/equipe/cohortes"}},
		{s.sessionsToHold, task{None: "Aucune rencontre sans présences", One: "rencontre sans présences", Many: "rencontres sans présences", Why: "Elles sont terminées : qui est venu ?", Path: "/equipe/agenda"}},
		{s.suppressed, task{None: "Aucune adresse en défaut", One: "adresse en défaut", Many: "adresses en défaut", Why: "Un message est revenu, ou a été signalé comme indésirable.", Path: "/equipe/courriels/suspensions"}},
		{s.refusedDeliveries, task{None: "Aucun envoi de partenaire refusé", One: "envoi de partenaire refusé, en partie ou en entier", Many: "envois de partenaires refusés, en partie ou en entier", Why: "Depuis trente jours.", Path: "/equipe/partenaires"}},
		{s.bilanDifferences, task{None: "Aucun écart trouvé dans un bilan", One: "écart trouvé dans un bilan", Many: "écarts trouvés dans un bilan", Why: "Depuis trente jours : le recomptage les a réparés.", Path: "/equipe/bilans"}},
	} {
		if one.Count, err = one.count(ctx); err != nil {
			return nil, err
		}
		tasks = append(tasks, one.task)
	}
	return tasks, nil
}

// recently is how far back what was refused or repaired still asks for a look:
// as long as deliveries are kept.
const recently = 30 * 24 * time.Hour

func (s *service) applicationsToDecide(ctx context.Context) (int, error) {
	return openwork.Marked(ctx, s.applications, openwork.Application)
}

func (s *service) refusedDeliveries(ctx context.Context) (int, error) {
	waiting, err := partnership.Waiting(ctx, s.partners)
	n := 0
	for _, messages := range waiting {
		n += messages
	}
	return n, err
}

// sessionsToHold counts the sessions of the last year that are over, and whose
// attendance is not noted. They stand by date in the index "agenda".
func (s *service) sessionsToHold(ctx context.Context) (int, error) {
	now := s.now().UTC()
	period := expression.Key("agenda").Equal(expression.Value("sessions")).
		And(expression.Key("agenda_at").Between(expression.Value(now.AddDate(-1, 0, 0).Format(time.RFC3339)), expression.Value(now.Format(time.RFC3339))))
	over := expression.Name("ends_at").LessThan(expression.Value(now)).
		And(expression.Name("state").In(expression.Value("planned"), expression.Value("closed")))
	return openwork.Count(ctx, s.agenda, "agenda", period, &over)
}

func (s *service) suppressed(ctx context.Context) (int, error) {
	return openwork.Count(ctx, s.mails, "suppressed", expression.Key("suppressed").Equal(expression.Value("SUPPRESSED")), nil)
}

// bilanDifferences counts what the recount tells, among the notices of the
// bilan: that a year was closed is no difference.
func (s *service) bilanDifferences(ctx context.Context) (int, error) {
	since := s.now().UTC().Add(-recently).Format(time.RFC3339)
	told := expression.Name("name").Equal(expression.Value("compile-bilan"))
	return openwork.Count(ctx, s.bilans, "", expression.Key("pk").Equal(expression.Value("NOTICES")).
		And(expression.Key("sk").GreaterThan(expression.Value(since))), &told)
}

// allies is how many there are: the item that registration counts in.
type allies struct {
	Organisations int `dynamodbav:"organisations"`
	Persons       int `dynamodbav:"persons"`
}
