package mail

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// IntentIn reads an intent out of a change of a table; ok is false when the
// change is anything else. An intent that cannot be read is an error: the
// record must end where operators see it, not be dropped.
func IntentIn(record events.DynamoDBEventRecord) (intent Intent, ok bool, err error) {
	image := record.Change.NewImage
	sk := text(record.Change.Keys["sk"])
	if record.EventName == string(events.DynamoDBOperationTypeRemove) || !strings.HasPrefix(sk, IntentPrefix) {
		return Intent{}, false, nil
	}
	intent = Intent{
		Key: dynamo.Key{PK: text(record.Change.Keys["pk"]), SK: sk},
		ID:  text(image["mail_id"]), Template: text(image["template"]),
		To: text(image["to"]), Name: text(image["name"]), Data: map[string]string{},
	}
	if data := image["data"]; data.DataType() == events.DataTypeMap {
		for name, value := range data.Map() {
			intent.Data[name] = text(value)
		}
	}
	if calendar := image["calendar"]; calendar.DataType() == events.DataTypeMap {
		intent.Calendar = Calendar{Method: text(calendar.Map()["method"]), Text: text(calendar.Map()["text"])}
	}
	intent.CreatedAt, err = time.Parse(time.RFC3339Nano, text(image["created_at"]))
	if err != nil || intent.Person() == "" || intent.SK != IntentPrefix+intent.ID || intent.Template == "" || intent.To == "" {
		return Intent{}, false, fmt.Errorf("intent %s cannot be read", sk)
	}
	return intent, true, nil
}

// Person is the keyed hash of the recipient.
func (i Intent) Person() string { return personIn(i.PK) }

// personIn is the person whose partition this is, empty for another.
func personIn(partition string) string {
	person, found := strings.CutPrefix(partition, personal.Partition(""))
	if !found {
		return ""
	}
	return person
}

func text(v events.DynamoDBAttributeValue) string {
	if v.DataType() != events.DataTypeString {
		return ""
	}
	return v.String()
}
