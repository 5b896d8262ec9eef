package cohort

import (
	"slices"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// How often an application may make us ask people to confirm: whoever holds its
// link chooses the addresses, and they may be anyone's.
const (
	asksADay  = 12        // mails of one application
	timesADay = 3         // to one person
	askEvery  = time.Hour // to one person
	askDay    = 24 * time.Hour
)

var (
	errAskedAlready = fault.New(fault.Conflict, "asked-already", "Cette personne a reçu un message pour cette candidature il y a moins d’une heure : réessayez plus tard.")
	errAskedEnough  = fault.New(fault.Conflict, "asked-enough", "Assez de messages sont partis pour cette candidature en vingt-quatre heures : réessayez demain.")
)

// asking is a mail that asked someone to confirm.
type asking struct {
	// Who is the beginning of the hash of a person: enough to count their mails,
	// too short to know them by, for it outlives their part in the application.
	Who string `dynamodbav:"who"`
	At  int64  `dynamodbav:"at"` // Unix seconds
}

const whoLength = 3 // of 64 signs each: one of 262,144

// askedLately are the mails of the last day.
func (i applicationItem) askedLately(now time.Time) []asking {
	return slices.DeleteFunc(slices.Clone(i.Asked), func(a asking) bool { return a.At <= now.Add(-askDay).Unix() })
}

// ask counts one more mail to a person, or says why it must not be sent:
// "asked-already", "asked-enough". earlier are the mails before this request,
// which may ask the same person for two roles at once.
func (i *applicationItem) ask(earlier []asking, person string, now time.Time) error {
	who, times := person[:whoLength], []int64{}
	for _, a := range earlier {
		if a.Who == who && !slices.Contains(times, a.At) {
			times = append(times, a.At)
		}
	}
	switch {
	case len(times) > 0 && slices.Max(times) > now.Add(-askEvery).Unix():
		return errAskedAlready
	case len(times) >= timesADay, len(i.Asked) >= asksADay:
		return errAskedEnough
	}
	i.Asked = append(i.Asked, asking{who, now.Unix()})
	return nil
}
