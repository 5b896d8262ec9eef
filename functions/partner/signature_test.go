package partner

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// The vector that the libraries of Standard Webhooks publish
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/python/tests/test_webhooks.py).
const (
	vectorSecret    = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorTimestamp = 1614265330
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func vectorHeader() http.Header {
	header := http.Header{}
	header.Set("webhook-id", vectorID)
	header.Set("webhook-timestamp", strconv.Itoa(vectorTimestamp))
	header.Set("webhook-signature", vectorSignature)
	return header
}

func TestPublishedVector(t *testing.T) {
	w := newWorld(t)
	w.Secrets[function.PartnerSecret("occitanie")] = []byte(vectorSecret)
	w.Clock.Set(time.Unix(vectorTimestamp, 0))
	var headers []string
	for name := range vectorHeader() {
		headers = append(headers, name, vectorHeader().Get(name))
	}
	headers = append(headers, "Content-Type", "application/json")
	// It is no message of ours, and refused only once its signature has held.
	if status, _, _ := w.faultOf(w.Do(w.running, "POST", "/v1/webhooks/occitanie", vectorBody, headers...)); status != http.StatusUnprocessableEntity {
		t.Errorf("%d", status)
	}
	w.Clock.Advance(tolerance + time.Second)
	if status, _, _ := w.faultOf(w.Do(w.running, "POST", "/v1/webhooks/occitanie", vectorBody, headers...)); status != http.StatusUnauthorized {
		t.Errorf("old: %d", status)
	}
	w.Clock.Set(time.Unix(vectorTimestamp, 0).Add(-tolerance - time.Second))
	if status, _, _ := w.faultOf(w.Do(w.running, "POST", "/v1/webhooks/occitanie", vectorBody, headers...)); status != http.StatusUnauthorized {
		t.Errorf("of the future: %d", status)
	}
}

// TestEachAlteredByteIsRefused alters each byte of what is signed, in turn.
func TestEachAlteredByteIsRefused(t *testing.T) {
	w := newWorld(t)
	body := enrolledIn(w.Clock.Now(), "46102", "2026-03-01")
	good := w.headers("msg_a", body)
	try := func(what string, body string, headers []string) {
		t.Helper()
		answer := w.Do(w.running, "POST", "/v1/webhooks/occitanie", body, headers...)
		status, code, _ := w.faultOf(answer)
		if challenge := answer.Header().Get("WWW-Authenticate"); status != http.StatusUnauthorized || code != "invalid-signature" || challenge != "StandardWebhooks" {
			t.Errorf("%s: %d %s, %q", what, status, code, challenge)
		}
	}
	altered := func(text string, at int) string {
		return text[:at] + string(rune(text[at]^1)) + text[at+1:]
	}
	for at := range body {
		try("body", altered(body, at), good)
	}
	for place, value := range good[:6] {
		if place%2 == 0 {
			continue
		}
		for at := range value {
			changed := append([]string{}, good...)
			changed[place] = altered(value, at)
			try(good[place-1], body, changed)
		}
		missing := append(append([]string{}, good[:place-1]...), good[place+1:]...)
		try("no "+good[place-1], body, missing)
	}
	try("another's path", body, append([]string{}, w.headers("msg_a", body+" ")...))
	answer := w.Do(w.running, "POST", "/v1/webhooks/nulle-part", body, good...)
	if status, code, _ := w.faultOf(answer); status != http.StatusUnauthorized || code != "invalid-signature" {
		t.Errorf("unknown partner: %d %s", status, code)
	}
	if items := w.Dump(function.Partners); len(items) != 1 || items[0]["pk"] != tallyPartition("occitanie") {
		t.Errorf("more is kept than how many they were: %v", items)
	}
	w.receiptOf(w.post("msg_a", body))
}

// TestSeveralSecretsHoldWhileOneRotates on both sides: several secrets here,
// several signatures there.
func TestSeveralSecretsHoldWhileOneRotates(t *testing.T) {
	w := newWorld(t)
	w.Secrets[function.PartnerSecret("occitanie")] = []byte("whsec_" + vectorSecret + "\n" + secretOfTests + " pas-un-secret")
	body := enrolledIn(w.Clock.Now(), "46102", "2026-03-01")
	w.receiptOf(w.post("msg_1", body))
	headers := w.headers("msg_2", body)
	headers[5] = "v1,AAAA " + headers[5] + " v2,BBBB"
	w.receiptOf(w.Do(w.running, "POST", "/v1/webhooks/occitanie", body, headers...))
	w.Secrets[function.PartnerSecret("occitanie")] = []byte("whsec_" + vectorSecret)
	if status, _, _ := w.faultOf(w.post("msg_3", body)); status != http.StatusUnauthorized {
		t.Errorf("%d", status)
	}
}

// TestAnIdThatCouldNotBeKeptIsRefused, signed rightly or not.
func TestAnIdThatCouldNotBeKeptIsRefused(t *testing.T) {
	w := newWorld(t)
	body := enrolledIn(w.Clock.Now(), "46102", "2026-03-01")
	for id, want := range map[string]int{
		strings.Repeat("a", maxID): http.StatusOK, strings.Repeat("a", maxID+1): http.StatusUnauthorized, "msg_\u202e1": http.StatusUnauthorized,
	} {
		if answer := w.post(id, body); answer.Code != want {
			t.Errorf("%q: %d, not %d", id, answer.Code, want)
		}
	}
}

// FuzzSignature looks for a header that makes the check panic, or that holds
// without the key.
func FuzzSignature(f *testing.F) {
	f.Add(vectorID, strconv.Itoa(vectorTimestamp), vectorSignature, vectorBody)
	f.Add("", "", "", "")
	f.Add("a", "-1", "v1,", "{}")
	f.Add("a", "99999999999999999999", strings.Repeat("v1,x ", 100), "\x00")
	w := newWorld(f)
	w.Clock.Set(time.Unix(vectorTimestamp, 0))
	f.Fuzz(func(t *testing.T, id, timestamp, signature, body string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/webhooks/occitanie", strings.NewReader(body))
		if err != nil {
			t.Skip()
		}
		request.Header = http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {timestamp}, "Webhook-Signature": {signature}}
		request.SetPathValue("partner", "occitanie")
		if _, err := w.bare().verify(request); err == nil {
			t.Errorf("%q %q %q %q holds", id, timestamp, signature, body)
		}
	})
}
