package lambdahost

import (
	"cmp"
	"encoding/json"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// errorMessage is the attribute by which Scheduler and EventBridge say why a
// function could not be started
// (https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html).
const errorMessage = "ERROR_MESSAGE"

// letterBody is the body of a letter: of a run that failed, with what it was
// given and what it answered
// (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html);
// of changes; or, of what could not be started, what would have been given.
type letterBody struct {
	Request  json.RawMessage `json:"requestPayload"`
	Response struct {
		Message string `json:"errorMessage"`
	} `json:"responsePayload"`
	Context struct {
		Condition string `json:"condition"`
	} `json:"requestContext"`
}

// payloadOf is what the function is to be given once more.
func payloadOf(message types.Message) json.RawMessage {
	body := json.RawMessage(aws.ToString(message.Body))
	var letter letterBody
	if err := json.Unmarshal(body, &letter); err == nil && letter.Request != nil {
		return letter.Request
	}
	return body
}

// readLetter says what a message is about. What cannot be read is shown as far
// as it can, so that it can be forgotten.
func readLetter(name string, message types.Message) function.Letter {
	letter := function.Letter{ID: name + "/" + aws.ToString(message.MessageId), Function: name}
	sent := message.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)]
	if millis, err := strconv.ParseInt(sent, 10, 64); err == nil {
		letter.At = time.UnixMilli(millis).UTC()
	}
	var body letterBody
	_ = json.Unmarshal([]byte(aws.ToString(message.Body)), &body)
	letter.Reason = cmp.Or(body.Response.Message, aws.ToString(message.MessageAttributes[errorMessage].StringValue), body.Context.Condition)
	var payload struct {
		ScheduleEvent
		DetailType string `json:"detail-type"`
		Batch      *struct {
			Batch
			Oldest time.Time `json:"approximateArrivalOfFirstRecord"`
		} `json:"DDBStreamBatchInfo"`
	}
	_ = json.Unmarshal(payloadOf(message), &payload)
	letter.Schedule, letter.Due, letter.Notice = payload.Schedule, payload.Due, payload.DetailType
	if batch := payload.Batch; batch != nil {
		table, _ := tableOf(batch.Stream)
		letter.Table, letter.Changes = function.Table(table), batch.Size
		if !batch.Oldest.IsZero() {
			letter.Until = batch.Oldest.Add(function.StreamKeeps).UTC()
		}
	}
	return letter
}
