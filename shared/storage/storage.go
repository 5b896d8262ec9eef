// Package storage keeps files in a private S3 bucket: browsers send them there
// by a signed form, readers fetch them by a signed address, and neither passes
// through a Lambda, whose answers are limited to 6 MB.
package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// ErrNone says that no object has this key. Without the right to list, S3
// answers 403 for it, as it does for what one may not read
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
var ErrNone = errors.New("storage: no such object")

// Bucket is one bucket and the client that reaches it.
type Bucket struct {
	client *s3.Client
	sign   *s3.PresignClient
	name   string
	origin string
}

// Open makes the client of a bucket; it calls nobody. endpoint is empty on AWS.
func Open(cfg aws.Config, name, endpoint string) *Bucket {
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		if endpoint != "" {
			o.BaseEndpoint, o.UsePathStyle = &endpoint, true
		}
		// A checksum of our own making would be sent in pieces, which a form does not do either.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	})
	origin := endpoint
	if origin == "" {
		origin = "https://" + name + ".s3." + cfg.Region + ".amazonaws.com"
	}
	return &Bucket{client, s3.NewPresignClient(client), name, origin}
}

// Origin is where signed addresses lead: what a page's content policy must let in.
func (b *Bucket) Origin() string { return b.origin }

// Form is what a browser posts with the file, the file last, under the name "file".
type Form struct {
	URL    string            `json:"url"`
	Fields map[string]string `json:"fields"`
}

// Upload says what a form may send.
type Upload struct {
	Key, Type string
	Most      int64 // bytes
	For       time.Duration
	// Then is where the browser goes afterwards; empty to stay.
	Then string
}

// PresignPost signs a form that sends one file of this type and at most this
// size under this key, which the bucket itself enforces
// (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html).
func (b *Bucket) PresignPost(ctx context.Context, u Upload) (Form, error) {
	conditions := []any{
		[]any{"content-length-range", 1, u.Most},
		map[string]string{"Content-Type": u.Type},
	}
	if u.Then != "" {
		conditions = append(conditions, map[string]string{"success_action_redirect": u.Then})
	}
	signed, err := b.sign.PresignPostObject(ctx, &s3.PutObjectInput{Bucket: &b.name, Key: &u.Key}, func(o *s3.PresignPostOptions) {
		o.Expires, o.Conditions = u.For, conditions
	})
	if err != nil {
		return Form{}, fmt.Errorf("storage: %w", err)
	}
	form := Form{URL: b.postURL(signed.URL), Fields: signed.Values}
	form.Fields["Content-Type"] = u.Type
	if u.Then != "" {
		form.Fields["success_action_redirect"] = u.Then
	}
	return form, nil
}

// postURL keeps a form on the origin that Origin names.
func (b *Bucket) postURL(signed string) string {
	if address, err := url.Parse(signed); err == nil && strings.HasSuffix(b.origin, ".amazonaws.com") {
		return b.origin + address.Path
	}
	return signed
}

// Seen is how an object shows to whoever fetches it.
type Seen struct {
	Key, Type, Name string
	For             time.Duration
	Download        bool // rather than shown in the browser
}

// PresignGet signs an address from which anyone may fetch an object for a while.
func (b *Bucket) PresignGet(ctx context.Context, s Seen) (string, error) {
	shown := "inline"
	if s.Download {
		shown = "attachment"
	}
	signed, err := b.sign.PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: &b.name, Key: &s.Key, ResponseContentType: &s.Type,
		ResponseContentDisposition: aws.String(shown + `; filename="` + s.Name + `"`),
		ResponseCacheControl:       aws.String("private, max-age=3600"),
	}, s3.WithPresignExpires(s.For))
	if err != nil {
		return "", fmt.Errorf("storage: %w", err)
	}
	return signed.URL, nil
}

// Object is an object as it was read: one and no other, even when something
// else is written under its key.
type Object struct {
	Key    string
	Length int64
	etag   string
}

// Beginning reads the first bytes of an object. It returns ErrNone.
func (b *Bucket) Beginning(ctx context.Context, key string, n int) (first []byte, object Object, err error) {
	answer, err := b.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &b.name, Key: &key, Range: aws.String("bytes=0-" + strconv.Itoa(n-1)),
	})
	if err != nil {
		return nil, Object{}, missing(err)
	}
	defer answer.Body.Close()
	first, err = io.ReadAll(io.LimitReader(answer.Body, int64(n)))
	if err != nil {
		return nil, Object{}, fmt.Errorf("storage: %w", err)
	}
	object = Object{key, aws.ToInt64(answer.ContentLength), aws.ToString(answer.ETag)}
	if _, total, ranged := strings.Cut(aws.ToString(answer.ContentRange), "/"); ranged {
		if object.Length, err = strconv.ParseInt(total, 10, 64); err != nil {
			return nil, Object{}, fmt.Errorf("storage: %w", err)
		}
	}
	return first, object, nil
}

// Copy puts an object that was read under another key too. It returns ErrNone
// when something else stands there by now.
func (b *Bucket) Copy(ctx context.Context, object Object, to string) error {
	_, err := b.client.CopyObject(ctx, &s3.CopyObjectInput{
		Bucket: &b.name, Key: &to, CopySource: aws.String(url.PathEscape(b.name) + "/" + url.PathEscape(object.Key)), CopySourceIfMatch: &object.etag,
	})
	if err != nil {
		return missing(err)
	}
	return nil
}

// Read reads a whole object; it returns an error for one of more than most bytes.
func (b *Bucket) Read(ctx context.Context, key string, most int64) ([]byte, error) {
	answer, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return nil, missing(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, most+1))
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	if int64(len(content)) > most {
		return nil, fmt.Errorf("storage: an object is over %d bytes", most)
	}
	return content, nil
}

// Write keeps an object, in place of another with its key.
func (b *Bucket) Write(ctx context.Context, key, mediaType string, content []byte) error {
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: &key, ContentType: &mediaType, Body: bytes.NewReader(content), ContentLength: aws.Int64(int64(len(content))),
	})
	if err != nil {
		return fmt.Errorf("storage: %w", err)
	}
	return nil
}

// Delete removes an object; one that is not there is removed already.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	if _, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &key}); err != nil {
		return fmt.Errorf("storage: %w", err)
	}
	return nil
}

// missing tells an object that is not there from other errors.
func missing(err error) error {
	var answered *awshttp.ResponseError
	if errors.As(err, &answered) && slices.Contains([]int{http.StatusNotFound, http.StatusForbidden, http.StatusPreconditionFailed}, answered.HTTPStatusCode()) {
		return ErrNone
	}
	return fmt.Errorf("storage: %w", err)
}
