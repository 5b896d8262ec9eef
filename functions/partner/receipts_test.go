package partner

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// TestReceiptsFitIntoAnAnswer: however much was refused, a page stays below
// what a Lambda answers, and the pages hold each receipt once.
func TestReceiptsFitIntoAnAnswer(t *testing.T) {
	w := newWorld(t)
	refused := make([]result, 1_000) // some 300 KB
	for n := range refused {
		refused[n] = result{Index: n, Status: rejected, Code: "unknown-territory", Detail: strings.Repeat("x", 250)}
	}
	text, err := json.Marshal(refused)
	if err != nil {
		t.Fatal(err)
	}
	const sent = 24
	for n := range sent {
		id, receipt := fmt.Sprint("msg_", n), fmt.Sprint("rcp_", n)
		var writes dynamo.Writes
		writes.Add(w.bare().table.Put(chunkItem{Key: chunkKey("occitanie", id, 0), Receipt: receipt, Webhook: id, Type: cohortSnapshot, Results: string(text),
			Receipts: "occitanie", ReceivedAt: fmt.Sprintf("2026-03-10T09:00:%02dZ#%s", n, receipt)}))
		if err := writes.Commit(t.Context(), w.Client); err != nil {
			t.Fatal(err)
		}
	}
	seen, pages := map[string]bool{}, 0
	for cursor := ""; pages == 0 || cursor != ""; pages++ {
		answer := w.Do(w.running, http.MethodGet, "/v1/webhooks/occitanie/receipts?limit=100&cursor="+url.QueryEscape(cursor), nil, w.headers("r", "")...)
		if answer.Code != http.StatusOK || answer.Body.Len() > 5<<20 {
			t.Fatalf("%d, %d bytes", answer.Code, answer.Body.Len())
		}
		var page receiptPage
		if err := json.Unmarshal(answer.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			seen[item.ReceiptID] = true
		}
		cursor = page.NextCursor
	}
	if len(seen) != sent || pages < 2 {
		t.Errorf("%d receipts on %d pages", len(seen), pages)
	}
}
