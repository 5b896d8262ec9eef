package publishing

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// The table Library:
//
//	RESOURCE#slug  RESOURCE         a resource as it is now
//	RESOURCE#slug  VERSION#000001   each version that it had: what, who, when
//	LOG            000000000001     which resource changed for readers, in one order
//	MEDIA#med_…    MEDIA            a file that was sent, or is awaited
//	ONCE#…         ONCE             an Idempotency-Key that was used
//
// Index "shelf": what is published, by its day. Index "changes": what is or was
// published, by the instant of its last change, for harvesters.
// Index "desk": all of it, by its last change, with what the team's list shows.
// Index "files": the files, by when they were announced.

// content is what the team writes of a resource.
type content struct {
	Kind         Kind     `dynamodbav:"kind"`
	Title        string   `dynamodbav:"title"`
	Summary      string   `dynamodbav:"summary,omitempty"`
	Body         string   `dynamodbav:"body,omitempty"`
	Authors      []string `dynamodbav:"authors,omitempty"`
	PublishedOn  string   `dynamodbav:"published_on,omitempty"`
	Language     string   `dynamodbav:"lang"`
	Fundamentals []int    `dynamodbav:"fundamentals,omitempty"`
	Dimensions   []int    `dynamodbav:"narrative_dimensions,omitempty"`
	Series       string   `dynamodbav:"series,omitempty"`
	Cohort       string   `dynamodbav:"cohort,omitempty"`
	Sessions     []string `dynamodbav:"sessions,omitempty"`
	URL          string   `dynamodbav:"url,omitempty"`
	Audio        *audio   `dynamodbav:"audio,omitempty"`
	AudioMedia   string   `dynamodbav:"audio_media,omitempty"`
	Episode      int      `dynamodbav:"episode,omitempty"`
	Licence      string   `dynamodbav:"licence"`
}

// resourceItem is a resource as stored.
type resourceItem struct {
	dynamo.Key
	ID   string `dynamodbav:"resource_id"`
	Slug string `dynamodbav:"slug"`
	content
	State    string `dynamodbav:"state"`
	Revision int    `dynamodbav:"revision"`
	// Fact is the last fact of its publication, which a correction names;
	// empty before the first.
	Fact      string    `dynamodbav:"fact,omitempty"`
	CreatedAt time.Time `dynamodbav:"created_at"`
	UpdatedAt time.Time `dynamodbav:"updated_at"`

	Shelf     string `dynamodbav:"shelf,omitempty"` // only while published
	ShelfAt   string `dynamodbav:"shelf_at,omitempty"`
	Changes   string `dynamodbav:"changes,omitempty"` // only once published
	ChangedAt string `dynamodbav:"changed_at,omitempty"`
	Desk      string `dynamodbav:"desk"`
	DeskAt    string `dynamodbav:"desk_at"`
	// Uses are the ids of our files to which it leads, for the list of files.
	Uses []string `dynamodbav:"uses,omitempty"`
}

// The states of a resource.
const (
	draft     = "draft"
	published = "published"
	withdrawn = "withdrawn"
)

// The partitions of the indexes: a few hundred resources a year.
const (
	publicShelf = "published"
	publicLog   = "public"
	teamDesk    = "all"
	allFiles    = "all"
)

// instant writes times so that they sort as text.
const instant = "2006-01-02T15:04:05.000Z"

func resourcePartition(slug string) string { return "RESOURCE#" + slug }

func resourceKey(slug string) dynamo.Key {
	return dynamo.Key{PK: resourcePartition(slug), SK: "RESOURCE"}
}

// place puts a resource where each index expects it.
func (i *resourceItem) place() {
	at := i.UpdatedAt.UTC().Format(instant) + "#" + i.Slug
	i.Desk, i.DeskAt = teamDesk, at
	i.Uses = i.files()
	if i.Fact != "" {
		i.Changes, i.ChangedAt = publicLog, at
	}
	i.Shelf, i.ShelfAt = "", ""
	if i.State == published {
		i.Shelf, i.ShelfAt = publicShelf, i.PublishedOn+"#"+i.Slug
	}
}

var fileAddress = regexp.MustCompile(mediaPath + `(med_[0-9A-Za-z]+)/`)

// files are the ids of our files to which a resource leads: its recording, its
// document and what its text shows.
func (c content) files() (ids []string) {
	if c.AudioMedia != "" {
		ids = append(ids, c.AudioMedia)
	}
	for _, match := range fileAddress.FindAllStringSubmatch(c.URL+" "+c.Body, -1) {
		ids = append(ids, match[1])
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// known tells whether readers have ever seen it.
func (i resourceItem) known() bool { return i.Fact != "" }

// versionItem is a resource as it was, and who made it so.
type versionItem struct {
	dynamo.Key
	content
	Revision int       `dynamodbav:"revision"`
	State    string    `dynamodbav:"state"`
	Action   string    `dynamodbav:"action"`
	Who      string    `dynamodbav:"who"` // subject of the issuer
	At       time.Time `dynamodbav:"at"`
}

const versionPrefix = "VERSION#"

func versionKey(slug string, revision int) dynamo.Key {
	return dynamo.Key{PK: resourcePartition(slug), SK: fmt.Sprintf("%s%06d", versionPrefix, revision)}
}

// sameRevision holds while a resource is as it was read.
func sameRevision(old resourceItem) expression.ConditionBuilder {
	return expression.Name("revision").Equal(expression.Value(old.Revision))
}

// logItem says which resource changed for readers: the search index follows
// the log, whose numbers have no gap, whatever clocks say.
type logItem struct {
	dynamo.Key
	Slug string `dynamodbav:"slug"`
}

const logPartition = "LOG"

func logKey(number int64) dynamo.Key {
	return dynamo.Key{PK: logPartition, SK: fmt.Sprintf("%012d", number)}
}

// mediaItem is a file that was sent, or is awaited.
type mediaItem struct {
	dynamo.Key
	ID        string    `dynamodbav:"media_id"`
	Name      string    `dynamodbav:"file_name"`
	Type      string    `dynamodbav:"media_type"`
	Bytes     int64     `dynamodbav:"bytes"` // 0 until it came
	State     string    `dynamodbav:"state"`
	Who       string    `dynamodbav:"who"`
	CreatedAt time.Time `dynamodbav:"created_at"`
	// ExpiresAt removes the record of a file that never came (Unix seconds).
	ExpiresAt int64 `dynamodbav:"expires_at,omitempty"`

	Files   string `dynamodbav:"files"`
	FilesAt string `dynamodbav:"files_at"`
}

// The states of a file.
const (
	awaited = "awaited"
	ready   = "ready"
	refused = "refused"
)

func mediaKey(id string) dynamo.Key { return dynamo.Key{PK: "MEDIA#" + id, SK: "MEDIA"} }
