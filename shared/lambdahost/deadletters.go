package lambdahost

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// deadLetters are the queues of what functions failed at for good.
type deadLetters struct {
	client *sqs.Client
	queues []string // URLs
}

// asked are the two numbers of messages that add up to those that are there:
// one that somebody has received and not deleted is hidden for a while, and not
// dealt with. SQS needs a minute until they agree
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html).
var asked = []types.QueueAttributeName{
	types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
}

// count adds up the messages of the queues. One queue that does not answer is
// an error: a part of the letters would pass for all of them.
func (d deadLetters) count(ctx context.Context) (n int, err error) {
	if len(d.queues) == 0 {
		return 0, fmt.Errorf("dead letters: %s names no queue", function.DeadLetterQueues.Name)
	}
	for _, queue := range d.queues {
		answer, err := d.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: asked})
		if err != nil {
			return 0, fmt.Errorf("dead letters: %s: %w", queue, err)
		}
		for _, name := range asked {
			of, err := strconv.Atoi(answer.Attributes[string(name)])
			if err != nil {
				return 0, fmt.Errorf("dead letters: %s: %s: %w", queue, name, err)
			}
			n += of
		}
	}
	return n, nil
}
