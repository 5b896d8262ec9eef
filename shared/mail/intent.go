// Package mail is how functions ask for e-mails, and how an e-mail is made and
// handed to a provider. A function writes an Intent in the transaction that
// causes it; the table's stream brings it to the function notify, which sends.
package mail

import (
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// IntentPrefix begins the sort key of every intent: streams filter on it.
const IntentPrefix = "MAIL#"

// About is the name, among the data of an intent, of the path of the team's page
// on what caused the mail: an id, nothing else. It outlives the content, so that
// the team finds what to do when the mail did not arrive.
const About = "about"

// Intent is an e-mail to be sent to one person.
type Intent struct {
	dynamo.Key
	ID       string `dynamodbav:"mail_id"`
	Template string `dynamodbav:"template"` // name of the French template in notify
	To       string `dynamodbav:"to"`       // the address as it was typed
	Name     string `dynamodbav:"name"`     // given and family name, may be empty
	// Data fills the template. What is to become a link is a path
	// ("/rejoindre/confirmer?token=…"): the template puts the public origin
	// before it.
	Data map[string]string `dynamodbav:"data"`
	// Calendar is an invitation that goes with the mail, empty for none.
	Calendar  Calendar  `dynamodbav:"calendar,omitempty"`
	CreatedAt time.Time `dynamodbav:"created_at"`
	ExpiresAt int64     `dynamodbav:"expires_at"`
}

// Calendar is an iCalendar object and what it asks of a calendar: METHOD
// REQUEST or CANCEL (https://www.rfc-editor.org/rfc/rfc6047#section-2.4).
type Calendar struct {
	Method string `dynamodbav:"method"`
	Text   string `dynamodbav:"text"`
}

// intentFor is how long an intent stays in its table: the stream has it for a
// day, notify keeps its own copy until it is sent.
const intentFor = 48 * time.Hour

// NewIntent makes the intent of a mail with this id to a person.
func NewIntent(id, template, person, to, name string, data map[string]string, now time.Time) Intent {
	return Intent{
		Key: dynamo.Key{PK: personal.Partition(person), SK: IntentPrefix + id},
		ID:  id, Template: template, To: to, Name: name, Data: data,
		CreatedAt: now.UTC(), ExpiresAt: now.Add(intentFor).Unix(),
	}
}
