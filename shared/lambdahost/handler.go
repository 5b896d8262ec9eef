// Package lambdahost runs a function on AWS Lambda. One Lambda gets every kind
// of call that its declaration asks for: HTTP requests by API Gateway (payload
// format 2.0), changes of tables, schedules and notices of other services.
// The local host sends the same payloads through the same Handler, so that a
// laptop takes the path that production takes.
package lambdahost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// Handler turns the payloads of AWS into calls of a running function.
type Handler struct {
	function *function.Function
	running  *function.Running
	streams  *dynamodbstreams.Client
	log      *slog.Logger
}

// NewHandler makes the handler of an opened function. It reads changes that
// were given up from streams.
func NewHandler(f *function.Function, running *function.Running, streams *dynamodbstreams.Client, log *slog.Logger) *Handler {
	return &Handler{f, running, streams, log.With("function", f.Name)}
}

// ScheduleEvent is what EventBridge Scheduler sends: the input that the CDK
// app declares, with the instant for which the schedule was due.
type ScheduleEvent struct {
	Schedule string    `json:"schedule"`
	Due      time.Time `json:"due"`
}

// envelope holds the fields by which kinds of payloads are told apart.
type envelope struct {
	RouteKey   string          `json:"routeKey"`
	Records    json.RawMessage `json:"Records"`
	Schedule   string          `json:"schedule"`
	DetailType string          `json:"detail-type"`
	GivenUp    json.RawMessage `json:"DDBStreamBatchInfo"`
}

// Invoke answers one payload: it has the signature of lambda.Handler of
// aws-lambda-go. An error makes AWS retry, then park the payload in a dead
// letter queue; HTTP requests never return one.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var e envelope
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	switch {
	case e.RouteKey != "":
		return invoke(ctx, payload, h.http)
	case e.Records != nil:
		return invoke(ctx, payload, h.changes)
	case e.Schedule != "":
		return invoke(ctx, payload, h.schedule)
	case e.DetailType != "":
		return invoke(ctx, payload, h.notice)
	case e.GivenUp != nil:
		return invoke(ctx, payload, h.changesAgain)
	}
	return nil, errors.New("payload of an unknown kind")
}

func invoke[In, Out any](ctx context.Context, payload []byte, answer func(context.Context, In) (Out, error)) ([]byte, error) {
	var in In
	if err := json.Unmarshal(payload, &in); err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	out, err := answer(ctx, in)
	if err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

// changes hands on records in order and stops at the first that fails: AWS
// then delivers again from there
// (https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html).
func (h *Handler) changes(ctx context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	answer := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
	for _, record := range batch.Records {
		if err := h.change(ctx, record); err != nil {
			h.log.ErrorContext(ctx, "change not consumed", "event_id", record.EventID, "error", err)
			answer.BatchItemFailures = append(answer.BatchItemFailures,
				events.DynamoDBBatchItemFailure{ItemIdentifier: record.Change.SequenceNumber})
			break
		}
	}
	return answer, nil
}

func (h *Handler) change(ctx context.Context, record events.DynamoDBEventRecord) (err error) {
	defer h.recovered(ctx, &err)
	table, err := tableOf(record.EventSourceArn)
	if err != nil {
		return err
	}
	consume, declared := h.running.Streams[function.Table(table)]
	if !declared {
		return fmt.Errorf("table %s: its stream is not declared", table)
	}
	return consume(ctx, record)
}

func (h *Handler) schedule(ctx context.Context, event ScheduleEvent) (done struct{}, err error) {
	defer h.recovered(ctx, &err)
	run, declared := h.running.Schedules[event.Schedule]
	if !declared {
		return done, fmt.Errorf("schedule %q is not declared", event.Schedule)
	}
	if err := run(ctx, event.Due); err != nil {
		h.log.ErrorContext(ctx, "schedule failed", "schedule", event.Schedule, "error", err)
		return done, err
	}
	return done, nil
}

func (h *Handler) notice(ctx context.Context, event events.EventBridgeEvent) (done struct{}, err error) {
	defer h.recovered(ctx, &err)
	for _, n := range h.function.Notices {
		if n.Source != event.Source {
			continue
		}
		for _, detailType := range n.DetailTypes {
			if detailType != event.DetailType {
				continue
			}
			if err := h.running.Notices[n.Name](ctx, event); err != nil {
				h.log.ErrorContext(ctx, "notice not received", "notice", n.Name, "event_id", event.ID, "error", err)
				return done, err
			}
			return done, nil
		}
	}
	return done, fmt.Errorf("notice %q of %q is not declared", event.DetailType, event.Source)
}

// recovered makes an error of a panic, so that one bad record does not take
// the process, and its other records, with it.
func (h *Handler) recovered(ctx context.Context, err *error) {
	if reason := recover(); reason != nil {
		h.log.ErrorContext(ctx, "panic", "reason", fmt.Sprint(reason), "stack", string(debug.Stack()))
		*err = fmt.Errorf("panic: %v", reason)
	}
}
