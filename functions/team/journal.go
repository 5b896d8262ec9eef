package team

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// trailQuery is what the trail may be narrowed by.
type trailQuery struct {
	From    string `query:"from" doc:"The first day, as 2026-11-01; thirty days ago by default, and as long ago as entries are kept for one subject"`
	Until   string `query:"until" doc:"The last day, today by default"`
	Month   string `query:"month" doc:"As 2026-11: its first and its last day, where they are not given"`
	Who     string `query:"who" doc:"The issuer's subject of a member"`
	Action  string `query:"action" doc:"As session.cancelled"`
	Subject string `query:"subject" doc:"The id that was changed"`
	Limit   int    `query:"limit" doc:"At most 100, 20 by default; a page may hold fewer and still have a next"`
	Cursor  string `query:"cursor"`
}

// trailEntry is an entry as it travels. It holds no personal data: a member is
// named by their account, whose name is read when a page shows it.
type trailEntry struct {
	ID      string          `json:"id"`
	At      time.Time       `json:"at"`
	Who     string          `json:"who"`
	Action  string          `json:"action"`
	Subject string          `json:"subject"`
	Before  json.RawMessage `json:"before,omitempty"`
	After   json.RawMessage `json:"after,omitempty"`
}

type trailAnswer struct {
	Items      []trailEntry `json:"items"`
	NextCursor string       `json:"next_cursor,omitempty"`
}

// latelyDays is how far back the trail goes when neither a period nor a subject
// is asked for.
const latelyDays = 30

func (s *service) readTrailQuery(values url.Values) (audit.Filter, error) {
	var faults fault.Fields
	filter := audit.Filter{
		Who: values.Get("who"), Action: values.Get("action"), Subject: subjectTyped(values.Get("subject")),
		Limit: 20, Cursor: values.Get("cursor"),
	}
	if text := values.Get("month"); text != "" {
		first, err := time.ParseInLocation("2006-01", text, french.Paris())
		if err != nil {
			faults.Add("query.month", "Saisissez un mois comme 2026-11.")
		} else {
			filter.From, filter.Until = first, first.AddDate(0, 1, 0)
		}
	}
	days := web.ReadPeriod(values, &faults)
	if !days.From.IsZero() {
		filter.From = days.From
	}
	if !days.Until.IsZero() {
		filter.Until = days.Until
	}
	if len(faults) == 0 && !filter.Until.IsZero() && !filter.From.Before(filter.Until) {
		faults.Add("query.until", "Choisissez un dernier jour qui ne vient pas avant le premier.")
	}
	if filter.From.IsZero() && filter.Until.IsZero() && filter.Subject == "" {
		now := s.now().In(french.Paris())
		filter.From = time.Date(now.Year(), now.Month(), now.Day()-latelyDays, 0, 0, 0, 0, now.Location())
	}
	if filter.Action != "" && actions[filter.Action] == "" {
		faults.Add("query.action", "Choisissez un changement dans la liste.")
	}
	if text := values.Get("limit"); text != "" {
		var err error
		if filter.Limit, err = strconv.Atoi(text); err != nil || filter.Limit < 1 || filter.Limit > 100 {
			faults.Add("query.limit", "Demandez de 1 à 100 éléments.")
		}
	}
	return filter, faults.Err()
}

// subjectTyped is the subject that someone means who types it: an id or a slug,
// whatever its capitals. Accounts and people have neither, and stay as typed.
func subjectTyped(text string) string {
	text = strings.TrimSpace(text)
	prefix, number, _ := strings.Cut(text, "_")
	if prefix != "" && len(number) == idLength {
		return strings.ToLower(prefix) + "_" + strings.ToUpper(number)
	}
	if lower := strings.ToLower(text); alliance.Slug(text) == lower && (text == strings.ToUpper(text) || text[1:] == lower[1:]) {
		return lower
	}
	return text
}

// idLength is how long the number of an id is, a ULID.
const idLength = 26

func (s *service) getTrail(w http.ResponseWriter, r *http.Request) error {
	filter, err := s.readTrailQuery(r.URL.Query())
	if err != nil {
		return err
	}
	found, next, err := s.audit.Read(r.Context(), filter)
	if err != nil {
		return err
	}
	answer := trailAnswer{Items: []trailEntry{}, NextCursor: next}
	for _, e := range found {
		answer.Items = append(answer.Items, trailEntry{e.ID, e.At, e.Who, e.Action, e.Subject, raw(e.Before), raw(e.After)})
	}
	return web.JSON(w, http.StatusOK, answer)
}

func raw(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}
