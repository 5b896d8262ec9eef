// Package agenda is where sessions and series stand in the table Agenda, for
// functions that only check that one exists or say its name: the function
// booking alone writes them.
package agenda

import (
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// Session is what others may know of a session.
type Session struct {
	ID       string    `dynamodbav:"session_id"`
	Title    string    `dynamodbav:"title"`
	StartsAt time.Time `dynamodbav:"starts_at"`
	EndsAt   time.Time `dynamodbav:"ends_at"`
}

// Series is what others may know of a workshop or of a learning community.
type Series struct {
	Slug string `dynamodbav:"slug"`
	Name string `dynamodbav:"name"`
}

// The partitions of the index "agenda" of the table: sessions by when they
// begin, series by the day since when they are active.
const (
	SessionsListed = "sessions"
	SeriesListed   = "series"
)

// SessionKey is where a session stands.
func SessionKey(id string) dynamo.Key { return dynamo.Key{PK: "SESSION#" + id, SK: "SESSION"} }

// SeriesKey is where a series stands.
func SeriesKey(slug string) dynamo.Key { return dynamo.Key{PK: "SERIES#" + slug, SK: "SERIES"} }
