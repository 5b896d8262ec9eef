package storage_test

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/fabrique-des-transitions/fabrique/shared/storage"
	"github.com/fabrique-des-transitions/fabrique/shared/storage/folder"
)

// newBucket is a bucket in a folder, and the clock of who keeps it.
func newBucket(t *testing.T) (*storage.Bucket, *time.Time) {
	t.Helper()
	now := time.Now()
	server := httptest.NewServer(&folder.Server{Root: t.TempDir(), Secret: "secret", Now: func() time.Time { return now }})
	t.Cleanup(server.Close)
	cfg := aws.Config{Region: "eu-west-3", Credentials: credentials.NewStaticCredentialsProvider("key", "secret", "")}
	return storage.Open(cfg, "media", server.URL), &now
}

// send posts a form with a file as a browser does.
func send(t *testing.T, form storage.Form, content []byte) int {
	t.Helper()
	var body bytes.Buffer
	writer := multipart.NewWriter(&body)
	for name, value := range form.Fields {
		_ = writer.WriteField(name, value)
	}
	file, err := writer.CreateFormFile("file", "x")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = file.Write(content)
	_ = writer.Close()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Post(form.URL, writer.FormDataContentType(), &body)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// TestAFormSendsWhatItsPolicyLets and nothing else.
func TestAFormSendsWhatItsPolicyLets(t *testing.T) {
	bucket, now := newBucket(t)
	upload := storage.Upload{Key: "media/med_1", Type: "audio/mpeg", Most: 10, For: time.Hour}
	form, err := bucket.PresignPost(t.Context(), upload)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(name, value string) storage.Form {
		fields := map[string]string{}
		for n, v := range form.Fields {
			fields[n] = v
		}
		fields[name] = value
		return storage.Form{URL: form.URL, Fields: fields}
	}
	for name, c := range map[string]struct {
		form    storage.Form
		content string
		status  int
	}{
		"too large":       {form, "01234567890", 403},
		"empty":           {form, "", 403},
		"another key":     {changed("key", "media/med_2"), "x", 403},
		"another type":    {changed("Content-Type", "text/html"), "x", 403},
		"one field more":  {changed("acl", "public-read"), "x", 403},
		"another policy":  {changed("policy", "e30="), "x", 403},
		"a signature off": {changed("X-Amz-Signature", strings.Repeat("0", 64)), "x", 403},
		"as signed":       {form, "0123456789", 204},
	} {
		if status := send(t, c.form, []byte(c.content)); status != c.status {
			t.Errorf("%s: %d, not %d", name, status, c.status)
		}
	}
	first, object, err := bucket.Beginning(t.Context(), upload.Key, 4)
	if err != nil || string(first) != "0123" || object.Length != 10 {
		t.Errorf("%q of %+v: %v", first, object, err)
	}
	if err := bucket.Write(t.Context(), upload.Key, "audio/mpeg", []byte("another, since")); err != nil {
		t.Fatal(err)
	}
	if err := bucket.Copy(t.Context(), object, "files/med_1"); !errors.Is(err, storage.ErrNone) {
		t.Errorf("something else was copied: %v", err)
	}
	_, object, err = bucket.Beginning(t.Context(), upload.Key, 4)
	if err == nil {
		err = bucket.Copy(t.Context(), object, "files/med_1")
	}
	if err != nil {
		t.Fatal(err)
	}
	if copied, err := bucket.Read(t.Context(), "files/med_1", 100); err != nil || string(copied) != "another, since" {
		t.Errorf("%q %v", copied, err)
	}
	if err := bucket.Delete(t.Context(), upload.Key); err != nil {
		t.Error(err)
	}
	if _, _, err := bucket.Beginning(t.Context(), upload.Key, 4); !errors.Is(err, storage.ErrNone) {
		t.Errorf("what was deleted is left: %v", err)
	}
	if _, _, err := bucket.Beginning(t.Context(), "media/med_2", 4); !errors.Is(err, storage.ErrNone) {
		t.Errorf("what is not there: %v", err)
	}
	*now = now.Add(2 * time.Hour)
	if status := send(t, form, []byte("x")); status != 403 {
		t.Errorf("too late: %d", status)
	}
}

// TestAnAddressIsGoodForAWhile and shows the object as it was asked to.
func TestAnAddressIsGoodForAWhile(t *testing.T) {
	bucket, now := newBucket(t)
	if err := bucket.Write(t.Context(), "media/é 1", "text/plain", []byte("bonjour")); err != nil {
		t.Fatal(err)
	}
	address, err := bucket.PresignGet(t.Context(), storage.Seen{Key: "media/é 1", Type: "audio/mpeg", Name: "un.mp3", For: time.Hour})
	if err != nil || !strings.HasPrefix(address, bucket.Origin()) {
		t.Fatal(address, err)
	}
	get := func(address string) (*http.Response, string) {
		answer, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		return answer, string(body)
	}
	answer, body := get(address)
	if answer.StatusCode != 200 || body != "bonjour" || answer.Header.Get("Content-Type") != "audio/mpeg" ||
		answer.Header.Get("Content-Disposition") != `inline; filename="un.mp3"` {
		t.Errorf("%d %q %v", answer.StatusCode, body, answer.Header)
	}
	for _, other := range []string{strings.Replace(address, "inline", "attachment", 1), bucket.Origin() + "/media/media/%C3%A9%201"} {
		if answer, _ := get(other); answer.StatusCode != 403 {
			t.Errorf("%s: %d", other, answer.StatusCode)
		}
	}
	*now = now.Add(2 * time.Hour)
	if answer, _ := get(address); answer.StatusCode != 403 {
		t.Errorf("too late: %d", answer.StatusCode)
	}
	if content, err := bucket.Read(t.Context(), "media/é 1", 7); err != nil || string(content) != "bonjour" {
		t.Errorf("%q %v", content, err)
	}
	if _, err := bucket.Read(t.Context(), "media/é 1", 6); err == nil {
		t.Error("more was read than asked for")
	}
	for range 2 {
		if err := bucket.Delete(t.Context(), "media/é 1"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := bucket.Read(t.Context(), "media/é 1", 7); !errors.Is(err, storage.ErrNone) {
		t.Errorf("deleted: %v", err)
	}
}
