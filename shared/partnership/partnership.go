// Package partnership is what partners have said about cohorts, as it stands
// now: the function partner keeps it, item by item, and the function cohort
// hears of it through the table's stream and shows it.
//
// Every item carries a version, by which the latest thing said wins in
// whatever order messages arrive. Nothing here is about anyone.
package partnership

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// StatePrefix begins the partition keys of what stands now: streams filter on it.
const StatePrefix = "STATE#"

// Said is the latest that a partner said of one thing: a territory in a
// cohort, a milestone of one, or the cohort itself.
type Said struct {
	dynamo.Key
	Partner string `dynamodbav:"partner"`
	Cohort  string `dynamodbav:"cohort"`
	// Version orders what was said: see Dated.
	Version string `dynamodbav:"version"`
	// Content is what was said, without when: two messages with the same content
	// change nothing.
	Content string `dynamodbav:"content"`
	// Fact is the fact in the ledger that says the same.
	Fact string `dynamodbav:"fact,omitempty"`

	Territory  string   `dynamodbav:"territory,omitempty"`   // official code
	EnrolledOn string   `dynamodbav:"enrolled_on,omitempty"` // day
	Out        bool     `dynamodbav:"out,omitempty"`         // it has left
	Roles      []string `dynamodbav:"quartet_roles,omitempty"`

	Milestone string `dynamodbav:"milestone,omitempty"`
	ReachedOn string `dynamodbav:"reached_on,omitempty"`

	Announced *Announced `dynamodbav:"announced,omitempty"`
}

// Announced is a cohort as its partner announces it.
type Announced struct {
	Name      string `dynamodbav:"name" json:"name"`
	Programme string `dynamodbav:"programme" json:"programme"`
	Scale     string `dynamodbav:"scale" json:"scale"`
	Region    string `dynamodbav:"region,omitempty" json:"region,omitempty"`
	Seats     int    `dynamodbav:"seats" json:"seats"`
	OpensOn   string `dynamodbav:"opens_on" json:"opens_on"`
	ClosesOn  string `dynamodbav:"closes_on" json:"closes_on"`
	StartsOn  string `dynamodbav:"starts_on" json:"starts_on"`
	EndsOn    string `dynamodbav:"ends_on" json:"ends_on"`
}

func partition(partner, cohort string) string { return StatePrefix + partner + "#" + cohort }

// TerritoryKey is where a partner's word on a territory in a cohort stands.
func TerritoryKey(partner, cohort, territory string) dynamo.Key {
	return dynamo.Key{PK: partition(partner, cohort), SK: "TERRITORY#" + territory}
}

// MilestoneKey is where a milestone of a territory in a cohort stands.
func MilestoneKey(partner, cohort, territory, milestone string) dynamo.Key {
	return dynamo.Key{PK: partition(partner, cohort), SK: "MILESTONE#" + territory + "#" + milestone}
}

// CohortKey is where a partner's announcement of a cohort stands.
func CohortKey(partner, cohort string) dynamo.Key {
	return dynamo.Key{PK: partition(partner, cohort), SK: "COHORT"}
}

// Dated completes what is said with its content, and the version that it has
// for being of this instant.
func (s Said) Dated(of time.Time) Said {
	content, _ := json.Marshal([]any{s.Out, s.EnrolledOn, s.Roles, s.Milestone, s.ReachedOn, s.Announced}) // plain values: cannot fail
	s.Content = string(content)
	s.Version = version(of, s.Out, s.Content)
	return s
}

// version makes the version of something said of an instant. What was said of
// a later instant has a greater one; of the same instant, a withdrawal has a
// greater one than an enrolment, and then the content decides, so that any
// order of arrival ends in the same state.
func version(of time.Time, out bool, content string) string {
	return fmt.Sprintf("%s#%t#%s", of.UTC().Format("2006-01-02T15:04:05.000000000Z"), out, content)
}

// Instant is when it was said, of those that Dated completed: UTC, to the
// nanosecond, so that texts sort as instants do.
func (s Said) Instant() string {
	at, _, _ := strings.Cut(s.Version, "#")
	return at
}

// In reads what was said out of a change of the table; ok is false when the
// change is anything else.
func In(record events.DynamoDBEventRecord) (said Said, ok bool, err error) {
	pk := record.Change.Keys["pk"]
	if record.EventName == string(events.DynamoDBOperationTypeRemove) || pk.DataType() != events.DataTypeString ||
		len(pk.String()) < len(StatePrefix) || pk.String()[:len(StatePrefix)] != StatePrefix {
		return Said{}, false, nil
	}
	image := map[string]types.AttributeValue{}
	for name, value := range record.Change.NewImage {
		if converted := convert(value); converted != nil {
			image[name] = converted
		}
	}
	if err := attributevalue.UnmarshalMap(image, &said); err != nil {
		return Said{}, false, fmt.Errorf("said: %w", err)
	}
	return said, true, nil
}

// convert gives a value of a stream the form that attributevalue reads.
func convert(v events.DynamoDBAttributeValue) types.AttributeValue {
	switch v.DataType() {
	case events.DataTypeString:
		return &types.AttributeValueMemberS{Value: v.String()}
	case events.DataTypeNumber:
		return &types.AttributeValueMemberN{Value: v.Number()}
	case events.DataTypeBoolean:
		return &types.AttributeValueMemberBOOL{Value: v.Boolean()}
	case events.DataTypeMap:
		fields := map[string]types.AttributeValue{}
		for name, field := range v.Map() {
			if converted := convert(field); converted != nil {
				fields[name] = converted
			}
		}
		return &types.AttributeValueMemberM{Value: fields}
	case events.DataTypeList:
		list := []types.AttributeValue{}
		for _, element := range v.List() {
			if converted := convert(element); converted != nil {
				list = append(list, converted)
			}
		}
		return &types.AttributeValueMemberL{Value: list}
	}
	return nil
}

// Cohort is what a partner's message is checked against, of a cohort that
// exists.
type Cohort struct {
	Partner   string `dynamodbav:"partner"` // empty when the team runs it alone
	Region    string `dynamodbav:"region"`  // code of the only region whose territories it takes; empty for all
	Programme string `dynamodbav:"programme"`
	EndsOn    string `dynamodbav:"ends_on"` // day
}

const cohortPrefix = "COHORT#"

// CohortItemSort is the sort key of a cohort itself: streams filter on it.
const CohortItemSort = "COHORT"

// CohortItemKey is where a cohort itself stands, in the table Cohorts.
func CohortItemKey(slug string) dynamo.Key {
	return dynamo.Key{PK: cohortPrefix + slug, SK: CohortItemSort}
}

// Redefined reads out of a change of the table Cohorts whether a cohort now
// belongs to another programme, or ends on another day: facts of enrolment
// state both, as figures count by them.
func Redefined(record events.DynamoDBEventRecord) (slug string, redefined bool) {
	before, now := record.Change.OldImage, record.Change.NewImage
	for _, name := range []string{"programme", "ends_on"} {
		redefined = redefined || textOf(before[name]) != textOf(now[name])
	}
	return strings.TrimPrefix(textOf(record.Change.Keys["pk"]), cohortPrefix), redefined
}

func textOf(value events.DynamoDBAttributeValue) string {
	if value.DataType() != events.DataTypeString {
		return ""
	}
	return value.String()
}
