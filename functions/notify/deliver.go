package notify

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/mail/smtp"
)

// consume keeps an intent that a stream brings, and sends it at once. The
// copy is written with its first lease: who writes it is who sends it, so a
// change that is delivered twice, or to two, goes out once.
func (s *service) consume(ctx context.Context, record events.DynamoDBEventRecord) error {
	intent, ok, err := mail.IntentIn(record)
	if err != nil || !ok {
		return err
	}
	now := s.now()
	item := newMailItem(intent, now)
	atOnce := s.line.open(now) && !hurried(ctx)
	if atOnce {
		item.State, item.Attempts, item.DueAt = sending, 1, stamp(now.Add(leaseFor))
	} else {
		item.State, item.DueAt = queued, stamp(now.Add(s.delay(1)))
	}
	fresh, err := s.accept(ctx, item, intent.Person())
	if err != nil || !fresh || !atOnce {
		return err
	}
	return s.deliver(ctx, item)
}

// sendFor is the time that one mail may take, with its record: SES takes less.
const sendFor = 2*smtp.Deadline + recordDeadline

// hurried tells whether the invocation may end before a mail is sent and
// recorded: then it waits for a round of retries, as one that is cut short
// between the two goes out twice.
func hurried(ctx context.Context) bool {
	end, bounded := ctx.Deadline()
	return bounded && time.Until(end) < sendFor
}

// deliver sends a mail whose lease we hold, and records the outcome.
//
// The provider takes the mail before the record says so. A crash between the
// two, or a table that cannot be written for seconds, sends the mail again
// once the lease is over, with the same Message-ID: a confirmation that comes
// twice is a small nuisance, one that never comes is a signature lost, and no
// order of the two steps avoids both.
func (s *service) deliver(ctx context.Context, item mailItem) error {
	person := personOf(item.Key)
	stop, err := s.stopFor(ctx, person, item.Template)
	if err != nil {
		return err // the lease ends by itself
	}
	var receipt string
	if stop == "" {
		receipt, err = s.send(ctx, item, person)
	}
	// The invocation may be out of time: the outcome is worth a moment more.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordDeadline)
	defer cancel()
	switch {
	case stop != "":
		return s.end(ctx, item, stop, "", "")
	case err == nil:
		return s.end(ctx, item, sent, receipt, "")
	}
	return s.notTaken(ctx, item, person, mail.FailureOf(err))
}

// recordDeadline bounds the record of an outcome.
const recordDeadline = 5 * time.Second

func (s *service) send(ctx context.Context, item mailItem, person string) (receipt string, err error) {
	message, err := s.compose(ctx, item, person)
	if err != nil {
		// A template and an intent that do not fit are our mistake: the mail
		// waits for the corrected version.
		s.log.ErrorContext(ctx, "mail cannot be composed", "mail_id", item.ID, "template", item.Template, "error", err)
		return "", &mail.Failure{Verdict: mail.Later, Reason: "cannot be composed"}
	}
	return s.sender.Send(ctx, message)
}

func (s *service) notTaken(ctx context.Context, item mailItem, person string, failure *mail.Failure) error {
	now := s.now()
	log := s.log.With("mail_id", item.ID, "template", item.Template, "attempt", item.Attempts, "reason", failure.Error())
	switch failure.Verdict {
	case mail.NoSuchAddress:
		if item.Template != farewell { // that person is being erased
			if err := s.suppress(ctx, person, item.CreatedAt, becauseRefused); err != nil {
				return err
			}
		}
		fallthrough
	case mail.Refused:
		log.WarnContext(ctx, "mail refused")
		return s.end(ctx, item, failed, "", failure.Error())
	case mail.Down:
		s.line.shut(now.Add(lineShutFor))
	}
	created, err := time.Parse(instant, item.CreatedAt)
	if err != nil {
		return fmt.Errorf("mail %s: created_at: %w", item.ID, err)
	}
	if !now.Before(created.Add(retryFor)) {
		log.ErrorContext(ctx, "mail given up") // an alarm watches for it
		return s.end(ctx, item, failed, "", failure.Error())
	}
	log.WarnContext(ctx, "mail not taken, will be retried")
	return s.postpone(ctx, item, now.Add(s.delay(item.Attempts)))
}

// The pauses between attempts double from a minute to forty, and half of each
// is added at random, so that what failed together does not return together.
const (
	firstDelay = time.Minute
	lastDelay  = 40 * time.Minute
)

// delay is the pause after so many attempts: between a minute and an hour.
func (s *service) delay(attempts int) time.Duration {
	delay := firstDelay
	for ; attempts > 1 && delay < lastDelay; attempts-- {
		delay *= 2
	}
	delay = min(delay, lastDelay)
	return delay + time.Duration(s.number()%uint64(delay/2))
}

func (s *service) number() uint64 {
	var bytes [8]byte
	if _, err := io.ReadFull(s.random, bytes[:]); err != nil {
		_, _ = rand.Read(bytes[:]) // never fails
	}
	return binary.BigEndian.Uint64(bytes[:])
}

// line is what this process knows of the provider. When it is down, mails
// wait in the table instead of each spending a time-out of the invocation.
type line struct {
	mu        sync.Mutex
	shutUntil time.Time
}

// lineShutFor is how long a provider that did not answer is left alone.
const lineShutFor = time.Minute

func (l *line) open(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !now.Before(l.shutUntil)
}

func (l *line) shut(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shutUntil = until
}
