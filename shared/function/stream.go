package function

import (
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// Wanted keeps the changes that a declared stream asks for: those whose pk or
// sk begins as declared, or all. On AWS the stream mapping's filter does it,
// and only what is run again comes unfiltered.
func (s StreamInfo) Wanted(changes []events.DynamoDBEventRecord) (wanted []events.DynamoDBEventRecord) {
	if len(s.Prefixes) == 0 {
		return changes
	}
	for _, change := range changes {
		if slices.ContainsFunc(s.Prefixes, func(p KeyPrefix) bool {
			key, found := change.Change.Keys[p.Attribute]
			return found && strings.HasPrefix(key.String(), p.Prefix)
		}) {
			wanted = append(wanted, change)
		}
	}
	return wanted
}
