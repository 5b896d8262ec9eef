package lambdahost

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// deadLetters are the queues of what functions failed at for good.
type deadLetters struct {
	client *sqs.Client
	lambda *lambda.Client
	queues []string // URLs
}

// queueEnd is what the name of a function's queue has after the function's own.
const queueEnd = "-dead-letters"

// asked are the two numbers of messages that add up to those that are there:
// one that somebody has received and not deleted is hidden for a while, and not
// dealt with. SQS needs a minute until they agree
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html).
var asked = []types.QueueAttributeName{
	types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
}

// Count adds up the messages of the queues. One queue that does not answer is
// an error: a part of the letters would pass for all of them.
func (d deadLetters) Count(ctx context.Context) (n int, err error) {
	if err := d.named(); err != nil {
		return 0, err
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

func (d deadLetters) named() error {
	if len(d.queues) == 0 {
		return fmt.Errorf("dead letters: %s names no queue", function.DeadLetterQueues.Name)
	}
	return nil
}

// List looks into all queues at once, as each has to be waited for.
func (d deadLetters) List(ctx context.Context) (letters []function.Letter, err error) {
	if err := d.named(); err != nil {
		return nil, err
	}
	found, errs := make([][]types.Message, len(d.queues)), make([]error, len(d.queues))
	var looking sync.WaitGroup
	for i, queue := range d.queues {
		looking.Go(func() {
			found[i], errs[i] = d.receive(ctx, queue, "")
			errs[i] = errors.Join(errs[i], d.giveBack(ctx, queue, found[i]))
		})
	}
	looking.Wait()
	for i, queue := range d.queues {
		for _, message := range found[i] {
			letters = append(letters, readLetter(functionOf(queue), message))
		}
	}
	slices.SortFunc(letters, func(a, b function.Letter) int { return a.At.Compare(b.At) })
	return letters, errors.Join(errs...)
}

// How a queue is looked into. A message that is received is hidden from others
// while it is looked at, and waiting for a second makes SQS ask all of its
// servers
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html).
const (
	lookedAt     = 30 // seconds
	waitSeconds  = 1
	lettersAtOne = 100 // of one queue
)

// receive takes the messages of a queue, until the one with this id or all.
// The caller gives back those that are to stay.
func (d deadLetters) receive(ctx context.Context, queue, id string) (found []types.Message, err error) {
	for len(found) < lettersAtOne {
		answer, err := d.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &queue, MaxNumberOfMessages: 10, VisibilityTimeout: lookedAt, WaitTimeSeconds: waitSeconds,
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameSentTimestamp},
			MessageAttributeNames:       []string{errorMessage},
		})
		if err != nil {
			return found, fmt.Errorf("dead letters: %s: %w", queue, err)
		}
		if len(answer.Messages) == 0 {
			return found, nil
		}
		found = append(found, answer.Messages...)
		if slices.ContainsFunc(answer.Messages, func(m types.Message) bool { return aws.ToString(m.MessageId) == id }) {
			return found, nil
		}
	}
	return found, nil
}

// giveBack lets others see messages again at once.
func (d deadLetters) giveBack(ctx context.Context, queue string, messages []types.Message) error {
	for some := range slices.Chunk(messages, 10) {
		var entries []types.ChangeMessageVisibilityBatchRequestEntry
		for i, m := range some {
			entries = append(entries, types.ChangeMessageVisibilityBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle})
		}
		_, err := d.client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &queue, Entries: entries})
		if err != nil {
			return fmt.Errorf("dead letters: %s: %w", queue, err)
		}
	}
	return nil
}

// RunAgain starts the function without waiting for what comes of it: Lambda
// tries it as often as any run that nobody waits for, and what fails once more
// comes back to the queue.
func (d deadLetters) RunAgain(ctx context.Context, id string) error {
	return d.take(ctx, id, func(name string, message types.Message) error {
		_, err := d.lambda.Invoke(ctx, &lambda.InvokeInput{
			FunctionName: &name, InvocationType: lambdatypes.InvocationTypeEvent, Payload: payloadOf(message),
		})
		return err
	})
}

// Forget deletes a letter.
func (d deadLetters) Forget(ctx context.Context, id string) error {
	return d.take(ctx, id, func(string, types.Message) error { return nil })
}

// take finds a letter, deals with it and deletes it. Its id is the function's
// name and the message's id.
func (d deadLetters) take(ctx context.Context, id string, deal func(name string, message types.Message) error) error {
	name, message, _ := strings.Cut(id, "/")
	at := slices.IndexFunc(d.queues, func(queue string) bool { return functionOf(queue) == name })
	if at < 0 {
		return function.ErrNoLetter
	}
	queue := d.queues[at]
	found, err := d.receive(ctx, queue, message)
	i := slices.IndexFunc(found, func(m types.Message) bool { return aws.ToString(m.MessageId) == message })
	if i < 0 {
		if err := errors.Join(err, d.giveBack(ctx, queue, found)); err != nil {
			return err
		}
		return function.ErrNoLetter
	}
	if err := deal(lambdaPrefix+name, found[i]); err != nil {
		return errors.Join(fmt.Errorf("dead letter of %s: %w", name, err), d.giveBack(ctx, queue, found))
	}
	_, err = d.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: found[i].ReceiptHandle})
	return errors.Join(err, d.giveBack(ctx, queue, slices.Delete(found, i, i+1)))
}

// lambdaPrefix is what the name of each Lambda and queue begins with.
const lambdaPrefix = "fabrique-"

// functionOf is the function whose dead letters a queue holds.
func functionOf(queue string) string {
	name := queue[strings.LastIndex(queue, "/")+1:]
	return strings.TrimSuffix(strings.TrimPrefix(name, lambdaPrefix), queueEnd)
}
