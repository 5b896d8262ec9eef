package lambdahost

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	lambdaservice "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// Deadlines of calls to AWS. A DynamoDB call takes milliseconds; one that
// hangs must leave time for another within the function's own time-out.
const (
	callDeadline = 3 * time.Second
	callAttempts = 4
)

// Start runs a function on Lambda until AWS stops the process. All it needs
// is Lambda's own environment; keys and secrets are read when first used.
func Start(f *function.Function) {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	handler, err := open(context.Background(), f, log)
	if err != nil {
		log.Error("function does not open", "function", f.Name, "error", err)
		os.Exit(1)
	}
	lambda.Start(handler)
}

func open(ctx context.Context, f *function.Function, log *slog.Logger) (*Handler, error) {
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(callDeadline)),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = callAttempts })
		}))
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	vault := &secrets{client: secretsmanager.NewFromConfig(cfg)}
	dead := deadLetters{client: sqs.NewFromConfig(cfg), lambda: lambdaservice.NewFromConfig(cfg), queues: strings.Fields(os.Getenv(function.DeadLetterQueues.Name))}
	running, err := f.Open(function.Runtime{
		AWS: cfg, Dynamo: dynamodb.NewFromConfig(cfg),
		Now: time.Now, Random: rand.Reader,
		ReadSecret: vault.read, RotateSecret: vault.rotate, DeadLetters: dead,
		ReadSetting: os.Getenv, Log: log,
	})
	if err != nil {
		return nil, err
	}
	return NewHandler(f, running, dynamodbstreams.NewFromConfig(cfg), log), nil
}

// secrets keeps what Secrets Manager said for some minutes, so that a rotated
// secret is picked up without a deployment, and longer while it does not answer.
type secrets struct {
	client *secretsmanager.Client
	mu     sync.Mutex
	known  map[function.Secret]secretValue
}

type secretValue struct {
	value []byte
	read  time.Time
}

// secretFor is how long a secret is good for, and secretPause how long after a
// fault it is asked for again.
const (
	secretFor   = 5 * time.Minute
	secretPause = 30 * time.Second
)

func (s *secrets) read(ctx context.Context, name function.Secret) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.known[name]
	if ok && time.Since(known.read) < secretFor {
		return known.value, nil
	}
	value, err := s.fetch(ctx, name)
	switch {
	case err != nil && ok:
		known.read = time.Now().Add(secretPause - secretFor)
		s.known[name] = known
		return known.value, nil
	case err != nil:
		return nil, err
	}
	s.keep(name, value)
	return value, nil
}

// fetch reads a secret from Secrets Manager.
func (s *secrets) fetch(ctx context.Context, name function.Secret) ([]byte, error) {
	answer, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: secretID(name)})
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", name, err)
	}
	return []byte(aws.ToString(answer.SecretString)), nil
}

func secretID(name function.Secret) *string { return aws.String("fabrique/" + string(name)) }

// keep remembers a secret from now on.
func (s *secrets) keep(name function.Secret, value []byte) {
	if s.known == nil {
		s.known = map[function.Secret]secretValue{}
	}
	s.known[name] = secretValue{value, time.Now()}
}

// rotate changes a secret. Two changes at the same instant may lose the first:
// Secrets Manager has no condition for a new version.
func (s *secrets) rotate(ctx context.Context, name function.Secret, change func([]byte) ([]byte, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, err := s.fetch(ctx, name)
	if err != nil {
		return err
	}
	next, err := change(kept)
	if err != nil {
		return err
	}
	if !bytes.Equal(next, kept) {
		_, err = s.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: secretID(name), SecretString: aws.String(string(next))})
		if err != nil {
			return fmt.Errorf("secret %s: %w", name, err)
		}
	}
	s.keep(name, next)
	return nil
}

// tableOf is the name of the table whose stream has this ARN:
// arn:aws:dynamodb:eu-west-3:123456789012:table/Allies/stream/2026-01-01T00:00:00.000.
func tableOf(streamARN string) (string, error) {
	parts := strings.Split(streamARN, "/")
	if len(parts) != 4 || parts[2] != "stream" {
		return "", fmt.Errorf("%q is not the ARN of a table's stream", streamARN)
	}
	return parts[1], nil
}
