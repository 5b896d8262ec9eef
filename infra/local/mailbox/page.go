package mailbox

import (
	_ "embed"
	"html/template"
	"net/http"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"moment": french.Moment,
}).Parse(pageText))

// pagePolicy lets the page and the messages in their frames be styled inside
// of themselves, and run and load nothing.
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'"

// WritePage writes the page that shows messages to people, latest first.
func WritePage(w http.ResponseWriter, messages []Message, address string, now time.Time) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Cache-Control", "no-store")
	return page.Execute(w, struct {
		Messages []Message
		Address  string
		Now      time.Time
	}{reversed(messages), address, now})
}

func reversed(messages []Message) []Message {
	latest := make([]Message, len(messages))
	for i, m := range messages {
		latest[len(messages)-1-i] = m
	}
	return latest
}
