package partner

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
)

// destination is the cohort that a message is about.
type destination struct {
	partner alliance.Partner
	slug    string
	made    bool // it stands in Cohorts, rather than in an announcement or nowhere yet
	partnership.Cohort
}

// asRead holds while the cohort says what facts say of it.
func (into destination) asRead() expression.ConditionBuilder {
	if !into.made {
		return dynamo.Absent
	}
	return expression.Name("programme").Equal(expression.Value(into.Programme)).And(expression.Name("ends_on").Equal(expression.Value(into.EndsOn)))
}

// destination finds the cohort of a message. refusal is the result of each of
// its records when the partner has no say in it: "unknown-cohort" or
// "other-partner". A cohort that the partner may announce by itself need not
// exist yet, so that messages may come in any order.
func (s *service) destination(ctx context.Context, partner alliance.Partner, m message) (into destination, refusal *result, err error) {
	into = destination{partner: partner, slug: m.cohort}
	found, err := s.cohorts.Get(ctx, partnership.CohortItemKey(m.cohort), &into.Cohort)
	if err != nil {
		return into, nil, err
	}
	into.made = found
	mine := slices.Contains(partner.Cohorts, m.cohort)
	switch {
	case !mine && reserved(m.cohort), found && into.Partner != partner.Name && (into.Partner != "" || !mine):
		return into, &result{Status: rejected, Code: "other-partner", Detail: "Cette cohorte n’est pas la vôtre."}, nil
	case found || mine || m.announced != nil:
		return into, nil, nil
	}
	var said partnership.Said // announced a moment ago
	found, err = s.table.Get(ctx, partnership.CohortKey(partner.Name, m.cohort), &said)
	if err != nil {
		return into, nil, err
	}
	if found {
		into.Cohort = partnership.Cohort{Partner: partner.Name, Region: said.Announced.Region, Programme: said.Announced.Programme, EndsOn: said.Announced.EndsOn}
		return into, nil, nil
	}
	return into, &result{Status: rejected, Code: "unknown-cohort", Detail: "Aucune cohorte n’a cet identifiant : annoncez-la d’abord par cohort.published."}, nil
}

// reserved tells whether a slug is one that some partner may announce by itself.
func reserved(slug string) bool {
	return slices.ContainsFunc(alliance.Partners, func(p alliance.Partner) bool { return slices.Contains(p.Cohorts, slug) })
}

// claim makes a new cohort this partner's, in the transaction of its
// announcement: of two that announce the same at once, one has it.
func (s *service) claim(ctx context.Context, effects *dynamo.Writes, into destination) (refusal *result, err error) {
	var held claimItem
	known, err := s.table.Get(ctx, claimKey(into.slug), &held)
	switch {
	case err != nil:
		return nil, err
	case known && held.Partner != into.partner.Name:
		return &result{Status: rejected, Code: "other-partner", Detail: "Cette cohorte n’est pas la vôtre."}, nil
	case !known:
		effects.Add(s.table.Put(claimItem{claimKey(into.slug), into.partner.Name}, dynamo.Absent))
	}
	return nil, nil
}

// current is the territory of today that a code means.
func current(code string) (territory.Territory, bool) {
	match, err := territory.Lookup(code)
	if err != nil {
		return territory.Territory{}, false
	}
	return match.Current(), true
}

// judge says what becomes of each record, by what is stored now, and adds to
// a transaction what changes. All of it holds only as long as nothing that was
// read has changed.
func (s *service) judge(ctx context.Context, effects *dynamo.Writes, into destination, refusal *result, part []change) ([]result, error) {
	if refusal == nil && part[0].message.announced != nil {
		var err error
		if refusal, err = s.claim(ctx, effects, into); err != nil {
			return nil, err
		}
	}
	results := make([]result, len(part))
	said := make([]partnership.Said, len(part))
	var keys []dynamo.Key
	for i, c := range part {
		results[i], said[i] = into.place(c)
		if refusal != nil {
			index, name := results[i].Index, results[i].Territory
			results[i] = *refusal
			results[i].Index, results[i].Territory = index, name
		}
		if results[i].Status != rejected {
			keys = append(keys, said[i].Key)
		}
	}
	stored, err := s.stored(ctx, keys)
	if err != nil {
		return nil, err
	}
	spoken := false
	for i := range part {
		if results[i].Status == rejected {
			continue
		}
		old, known := stored[said[i].Key]
		var facts []ledger.Fact
		results[i].Status, facts = s.compare(effects, into, old, known, said[i])
		results[i].Detail = into.remark(said[i])
		for _, fact := range facts {
			effects.Add(ledger.Append(s.ledger, fact, s.now()))
		}
		spoken = spoken || len(facts) > 0
	}
	if spoken {
		effects.Add(s.cohorts.Check(partnership.CohortItemKey(into.slug), into.asRead()))
	}
	return results, nil
}

// place says where a record goes and what it says there, or why it is rejected.
func (into destination) place(c change) (result, partnership.Said) {
	out := result{Index: c.index, Territory: c.Territory}
	said := partnership.Said{Partner: into.partner.Name, Cohort: into.slug}
	if c.message.announced != nil {
		said.Key, said.Announced = partnership.CohortKey(into.partner.Name, into.slug), c.message.announced
		said = said.Dated(c.at)
		return out, said
	}
	match, err := territory.Lookup(c.Territory)
	found := match.Current()
	reject := func(code, detail string) (result, partnership.Said) {
		out.Status, out.Code, out.Detail = rejected, code, detail
		return out, said
	}
	switch {
	case err != nil:
		return reject("unknown-territory", territory.Advice(err))
	case !slices.ContainsFunc(into.partner.Regions, found.InRegion):
		return reject("other-region", found.Name+" n’est pas dans les régions de ce partenaire.")
	case into.Region != "" && !found.InRegion(into.Region):
		return reject("other-region", found.Name+" n’est pas dans la région de cette cohorte.")
	case c.double:
		return reject("duplicate-territory", found.Name+" est déjà nommé plus haut dans ce message.")
	}
	out.Territory, said.Territory = found.Ref(), found.Ref()
	switch c.kind {
	case milestoneReached:
		said.Key = partnership.MilestoneKey(into.partner.Name, into.slug, said.Territory, c.Milestone)
		said.Milestone, said.ReachedOn = c.Milestone, c.ReachedOn
	case territoryWithdrawn:
		said.Key, said.Out = partnership.TerritoryKey(into.partner.Name, into.slug, said.Territory), true
		if said.EnrolledOn = c.WithdrawnOn; said.EnrolledOn == "" {
			said.EnrolledOn = c.at.In(french.Paris()).Format(time.DateOnly)
		}
	default:
		said.Key = partnership.TerritoryKey(into.partner.Name, into.slug, said.Territory)
		said.EnrolledOn, said.Roles = c.EnrolledOn, c.roles()
	}
	said = said.Dated(c.at)
	return out, said
}

// remark is what a partner should know of a record that is taken.
func (into destination) remark(said partnership.Said) string {
	if said.Announced == nil && said.Milestone == "" && !said.Out && into.EndsOn != "" && said.EnrolledOn > into.EndsOn {
		return "Cette cohorte s’est terminée le " + french.Date(morning(into.EndsOn)) + "\u00a0: ce territoire ne comptera dans aucun bilan. Vérifiez la date."
	}
	return ""
}

// compare says what a record changes, and adds it to the transaction. facts,
// two at most, are what follows from it.
func (s *service) compare(effects *dynamo.Writes, into destination, old saidItem, known bool, said partnership.Said) (status string, facts []ledger.Fact) {
	unchangedSince := dynamo.Absent
	if known {
		unchangedSince = expression.Name("revision").Equal(expression.Value(old.Revision))
	}
	item := old
	switch {
	case known && old.Version == said.Version:
		return unchanged, nil
	case said.Territory != "" && said.Milestone == "":
		if !item.hear(wordOf(said)) {
			return stale, nil
		}
		status = item.take(said, known)
		facts = s.state(&item, into, false)
	case known && old.Version > said.Version:
		return stale, nil
	case known && old.Content == said.Content: // only the instant is new
		status, said.Fact = unchanged, old.Fact
		item.Said = said
	default:
		status = applied
		if said.Milestone != "" {
			facts = append(facts, s.reachedFact(into, said, old.Fact))
			said.Fact = facts[0].ID
		}
		item.Said = said
	}
	item.Revision = old.Revision + 1
	effects.Add(s.table.Put(item, unchangedSince))
	return status, facts
}

// take makes what is said of a territory its latest, unless something later is
// known, and tells what that changes.
func (i *saidItem) take(said partnership.Said, known bool) (status string) {
	if known && i.Version > said.Version {
		return stale
	}
	status = applied
	if known && i.Content == said.Content || said.Out && i.Fact == "" { // the same, or no enrolment to leave
		status = unchanged
	}
	said.Fact = i.Fact
	i.Said = said
	return status
}

// reachedFact is the fact that a milestone was reached.
func (s *service) reachedFact(into destination, said partnership.Said, corrects string) ledger.Fact {
	return ledger.New(s.newID("fact"), "partner", "milestone.reached.v1", into.slug+"/"+said.Territory, morning(said.ReachedOn),
		ledger.Reached{Cohort: into.slug, Territory: said.Territory, Milestone: said.Milestone, ReachedOn: said.ReachedOn, Partner: into.partner.Name, Corrects: corrects})
}

// stored reads what was said before of each thing, consistently. It costs a
// read unit each.
func (s *service) stored(ctx context.Context, keys []dynamo.Key) (map[dynamo.Key]saidItem, error) {
	found := map[dynamo.Key]saidItem{}
	err := s.table.Items(ctx, keys, func(attributes map[string]types.AttributeValue) error {
		var item saidItem
		err := attributevalue.UnmarshalMap(attributes, &item)
		found[item.Key] = item
		return err
	})
	return found, err
}
