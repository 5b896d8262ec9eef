package dynamo

import (
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Stretch is what a list reads of a table or of an index: one partition, or
// what of it lies between two sort keys.
type Stretch struct {
	Hash, Partition string // the attribute of the partition key, and its value
	Sort            string // the attribute that the list is sorted by
	// From and Until are the first and the last sort key, both included; empty:
	// from the beginning, to the end.
	From, Until string
}

// Key is the key condition of a query of the stretch.
func (s Stretch) Key() expression.KeyConditionBuilder {
	partition := expression.Key(s.Hash).Equal(expression.Value(s.Partition))
	at, from, until := expression.Key(s.Sort), expression.Value(s.From), expression.Value(s.Until)
	switch {
	case s.From != "" && s.Until != "":
		return partition.And(at.Between(from, until))
	case s.From != "":
		return partition.And(at.GreaterThanEqual(from))
	case s.Until != "":
		return partition.And(at.LessThanEqual(until))
	}
	return partition
}

// StartKey reads the cursor of a list of the stretch back. It returns the
// Invalid fault BadCursor for one of another list, or of a place beyond the
// stretch: DynamoDB refuses to begin a query where its condition does not hold,
// and the engine of tests does not.
func (s Stretch) StartKey(cursor string) (map[string]types.AttributeValue, error) {
	attributes := []string{"pk", "sk"}
	for _, name := range []string{s.Hash, s.Sort} {
		if name != "pk" && name != "sk" {
			attributes = append(attributes, name)
		}
	}
	start, err := StartKey(cursor, attributes...)
	if start == nil || err != nil {
		return nil, err
	}
	partition, at := text(start[s.Hash]), text(start[s.Sort])
	if partition != s.Partition || at < s.From || s.Until != "" && at > s.Until {
		return nil, BadCursor()
	}
	return start, nil
}

func text(value types.AttributeValue) string {
	s, _ := value.(*types.AttributeValueMemberS)
	if s == nil {
		return ""
	}
	return s.Value
}
