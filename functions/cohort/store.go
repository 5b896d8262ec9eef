package cohort

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/applicant"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/openwork"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// The table Cohorts, which holds nothing on anyone:
//
//	COHORT#slug  COHORT                      a cohort: its call, its seats, its dates
//	COHORT#slug  TERRITORY#code#application  a territory whose application was accepted
//	COHORT#slug  TERRITORY#code#application#fact_…
//	                                         a territory that was in, and has left
//	COHORT#slug  TERRITORY#code#partner      a territory that the partner says is in, or is out again
//	COHORT#slug  MILESTONE#code#milestone    a milestone that a territory has reached
//	ONCE#…       ONCE                        an Idempotency-Key that was used
//
// Index "cohorts": the cohorts, the latest start first.
//
// The table Applications:
//
//	APPLICATION#app_…  APPLICATION       an application, its four roles by the hash of who holds them
//	APPLICATION#app_…  WORD#word_…       what the team wrote to the four
//	CLAIM#slug#code    CLAIM             the one live application of a territory to a cohort
//	PERSON#hash        MEMBER#app_…#role one of the four: name, address, organisation
//	PERSON#hash        MAIL#…            a mail to send (package mail)
//	ONCE#…             ONCE              an Idempotency-Key that was used
//
// Index "cohort": the applications to a cohort, in order of arrival. Index
// "members": everyone whom an application names, by when.

// cohortItem is a cohort as stored.
type cohortItem struct {
	dynamo.Key
	Slug      string `dynamodbav:"slug"`
	Name      string `dynamodbav:"name"`
	Programme string `dynamodbav:"programme"`
	Scale     Scale  `dynamodbav:"scale"`
	Region    string `dynamodbav:"region,omitempty"` // INSEE code, "76"
	Partner   string `dynamodbav:"partner,omitempty"`
	Seats     int    `dynamodbav:"seats"`
	OpensOn   string `dynamodbav:"opens_on"`
	ClosesOn  string `dynamodbav:"closes_on"`
	StartsOn  string `dynamodbav:"starts_on"`
	EndsOn    string `dynamodbav:"ends_on"`
	// Accepted counts the applications that hold a seat. It only moves in the
	// transaction of a decision.
	Accepted int `dynamodbav:"accepted"`
	// Revision rises with each change of what is written of it, for which
	// Accepted does not count: who changes what has changed since reads again.
	Revision int `dynamodbav:"revision"`
	// Version is that of the partner's announcement which this cohort follows;
	// empty for one that the team made.
	Version string `dynamodbav:"version,omitempty"`
	// Announced is that announcement: of the next one, what differs is new.
	Announced *partnership.Announced `dynamodbav:"announced,omitempty"`
	CreatedAt time.Time              `dynamodbav:"created_at"`
	List      string                 `dynamodbav:"list"`
	ListAt    string                 `dynamodbav:"list_at"`
}

// same holds for a cohort of which nobody has changed what is written since it
// was read.
func (i cohortItem) same() expression.ConditionBuilder {
	revision := expression.Name("revision")
	if i.Revision == 0 { // it was made before revisions were counted
		return revision.AttributeNotExists()
	}
	return revision.Equal(expression.Value(i.Revision))
}

func cohortPartition(slug string) string { return cohortKey(slug).PK }

func cohortKey(slug string) dynamo.Key { return partnership.CohortItemKey(slug) }

const (
	territoryPrefix = "TERRITORY#"
	milestonePrefix = "MILESTONE#"
)

// The two sources of an enrolment. Each has an item of its own, so that
// neither can undo what the other says.
const (
	byApplication = "application"
	byPartner     = "partner"
)

// territoryItem says that a territory is in a cohort, or was.
type territoryItem struct {
	dynamo.Key
	Territory  string `dynamodbav:"territory"`
	EnrolledOn string `dynamodbav:"enrolled_on"`
	// Out marks a territory that has left.
	Out     bool   `dynamodbav:"out,omitempty"`
	Version string `dynamodbav:"version,omitempty"` // of the partner's event
	// Fact is the fact in the ledger that says so, and what follows is what it
	// says: of an application, for the function partner keeps its own.
	Fact      string `dynamodbav:"fact,omitempty"`
	Programme string `dynamodbav:"programme,omitempty"`
	EndsOn    string `dynamodbav:"ends_on,omitempty"`
	SaidAt    string `dynamodbav:"said_at,omitempty"`
	// The same of the leaving of a territory whose application was accepted.
	LeftFact string `dynamodbav:"left_fact,omitempty"`
	LeftOn   string `dynamodbav:"left_on,omitempty"`
	LeftAt   string `dynamodbav:"left_at,omitempty"`
}

// past makes a stay one that is over: it is kept, as its facts are.
func (i territoryItem) past(day string, now time.Time) territoryItem {
	i.SK += "#" + i.Fact
	i.Out, i.LeftOn, i.LeftAt = true, day, now.UTC().Format(time.RFC3339)
	return i
}

func territoryKey(slug, territory, source string) dynamo.Key {
	return dynamo.Key{PK: cohortPartition(slug), SK: territoryPrefix + territory + "#" + source}
}

// milestoneItem says that a territory has reached a milestone.
type milestoneItem struct {
	dynamo.Key
	Territory string `dynamodbav:"territory"`
	Milestone string `dynamodbav:"milestone"`
	ReachedOn string `dynamodbav:"reached_on"`
	Version   string `dynamodbav:"version"`
}

func milestoneKey(slug, territory, milestone string) dynamo.Key {
	return dynamo.Key{PK: cohortPartition(slug), SK: milestonePrefix + territory + "#" + milestone}
}

// applicationItem is an application as stored: whom it names are hashes.
type applicationItem struct {
	dynamo.Key
	ID         string                     `dynamodbav:"application_id"`
	Cohort     string                     `dynamodbav:"cohort"`
	Territory  string                     `dynamodbav:"territory"`
	Motivation string                     `dynamodbav:"motivation"`
	Members    map[alliance.Role]memberIn `dynamodbav:"members"`
	// Decision is what the team decided, or "withdrawn"; empty until then.
	Decision  string    `dynamodbav:"decision,omitempty"`
	DecidedOn string    `dynamodbav:"decided_on,omitempty"`
	CreatedAt time.Time `dynamodbav:"created_at"`
	AppliedAt string    `dynamodbav:"applied_at"` // with the id: order in the index "cohort"
	// Revision rises with each change: who changes what has changed since
	// reads again.
	Revision      int       `dynamodbav:"revision"`
	RemindedAt    time.Time `dynamodbav:"reminded_at"`
	Asked         []asking  `dynamodbav:"asked,omitempty"` // the mails of the last day
	openwork.Mark           // while it waits for the team's decision
}

// marked is the application as it is written: in the team's open work while it
// is complete and not decided.
func (i applicationItem) marked() applicationItem {
	i.Mark = openwork.Mark{}
	if i.status() == complete {
		i.Mark = openwork.Mark{Open: openwork.Application, OpenAt: i.AppliedAt}
	}
	return i
}

// memberIn is one of the four, as the application knows them.
type memberIn struct {
	Person      string `dynamodbav:"person"`
	ConfirmedAt string `dynamodbav:"confirmed_at,omitempty"`
}

func applicationKey(id string) dynamo.Key {
	return dynamo.Key{PK: "APPLICATION#" + id, SK: "APPLICATION"}
}

// claimItem is the one live application of a territory to a cohort.
type claimItem struct {
	dynamo.Key
	Application string `dynamodbav:"application_id"`
	// ExpiresAt frees the territory when none of the four has confirmed by then
	// (Unix seconds); 0 once one has.
	ExpiresAt int64 `dynamodbav:"expires_at,omitempty"`
}

func claimKey(slug, territory string) dynamo.Key {
	return dynamo.Key{PK: "CLAIM#" + slug + "#" + territory, SK: "CLAIM"}
}

// memberItem is one of the four: what stands under their hash.
type memberItem struct {
	dynamo.Key
	Application  string        `dynamodbav:"application_id"`
	Role         alliance.Role `dynamodbav:"role"`
	GivenName    string        `dynamodbav:"given_name"`
	FamilyName   string        `dynamodbav:"family_name"`
	Email        string        `dynamodbav:"email"`
	Organisation string        `dynamodbav:"organisation"`
	CreatedAt    time.Time     `dynamodbav:"created_at"`
	ConfirmedAt  string        `dynamodbav:"confirmed_at,omitempty"`
	List         string        `dynamodbav:"list"` // with everyone, by when they were named
}

func memberKey(person, application string, role alliance.Role) dynamo.Key {
	return dynamo.Key{PK: personal.Partition(person), SK: applicant.Prefix + application + "#" + string(role)}
}

func (m memberItem) fullName() string { return m.GivenName + " " + m.FamilyName }
