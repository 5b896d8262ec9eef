package partner

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// tallyItem counts, of a partner and a day in Paris, what left nothing else.
type tallyItem struct {
	dynamo.Key
	Unread   int `dynamodbav:"unread"`   // messages refused whole, each time that they came
	Unsigned int `dynamodbav:"unsigned"` // of which the signature did not hold
}

func tallyPartition(partner string) string { return "TALLY#" + partner }

// tally adds to a count of the day and returns it. It costs one write unit.
func (s *service) tally(ctx context.Context, partner, what string, n int) (int, error) {
	now := s.now()
	update := expression.Add(expression.Name(what), expression.Value(n)).Set(expression.Name("expires_at"), expression.Value(now.Add(kept).Unix()))
	expr, err := expression.NewBuilder().WithUpdate(update).Build()
	if err != nil {
		return 0, err
	}
	answer, err := s.table.Client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table.Name, Key: dynamo.Key{PK: tallyPartition(partner), SK: now.In(french.Paris()).Format(time.DateOnly)}.Attributes(),
		UpdateExpression: expr.Update(), ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(), ReturnValues: types.ReturnValueUpdatedNew,
	})
	if err != nil {
		return 0, err
	}
	var count int
	return count, attributevalue.Unmarshal(answer.Attributes[what], &count)
}

// unsignedEvery is how often one copy of the function writes how many messages
// it met of which the signature does not hold.
const unsignedEvery = time.Minute

// unsigned counts, in memory, messages of which the signature does not hold.
// Anyone on earth can send one, without any key: an item for each would let
// them fill the table, and a write for each would cost us more than it costs
// them. So a copy of the function writes the first at once and then one sum a
// minute, of known partners only. What it counted last is lost when it ends:
// that there were some is what the team has to know.
type unsigned struct {
	mu      sync.Mutex
	met     map[string]int       // not written yet, by partner
	written map[string]time.Time // when its sum was last written
}

// due counts one more and returns the sum to write, 0 when it is not time yet.
func (u *unsigned) due(partner string, now time.Time) (sum int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.met == nil {
		u.met, u.written = map[string]int{}, map[string]time.Time{}
	}
	u.met[partner]++
	if now.Sub(u.written[partner]) < unsignedEvery {
		return 0
	}
	sum = u.met[partner]
	u.met[partner], u.written[partner] = 0, now
	return sum
}

// countUnsigned notes that a signature did not hold. The answer does not
// depend on it.
func (s *service) countUnsigned(ctx context.Context, partner alliance.Partner) {
	sum := s.unsigned.due(partner.Name, s.now())
	if sum == 0 {
		return
	}
	if _, err := s.tally(ctx, partner.Name, "unsigned", sum); err != nil {
		s.log.WarnContext(ctx, "signatures that do not hold are not counted", "partner", partner.Name, "error", err)
	}
}

// tallies sums what was counted of a partner for thirty days.
func (s *service) tallies(ctx context.Context, partner alliance.Partner) (sum tallyItem, err error) {
	err = s.table.Partition(ctx, tallyPartition(partner.Name), "", func(attributes map[string]types.AttributeValue) error {
		var day tallyItem
		err := attributevalue.UnmarshalMap(attributes, &day)
		sum.Unread, sum.Unsigned = sum.Unread+day.Unread, sum.Unsigned+day.Unsigned
		return err
	})
	return sum, err
}
