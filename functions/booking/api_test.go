package booking

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// call sends a request and reads the JSON that comes back into out, unless nil.
func (w *world) call(status int, method, path string, body, out any, headers ...string) {
	w.t.Helper()
	answer := w.Do(w.running, method, path, body, headers...)
	if answer.Code != status {
		w.t.Fatalf("%s %s: %d, not %d: %s", method, path, answer.Code, status, answer.Body)
	}
	if out != nil {
		if err := json.Unmarshal(answer.Body.Bytes(), out); err != nil {
			w.t.Fatalf("%v: %s", err, answer.Body)
		}
	}
}

func (w *world) locations(method, path string, body any, headers ...string) (found []string) {
	w.t.Helper()
	var problem web.Problem
	w.call(http.StatusUnprocessableEntity, method, path, body, &problem, headers...)
	for _, e := range problem.Errors {
		found = append(found, e.Location)
	}
	slices.Sort(found)
	return found
}

func TestSessionsAreCheckedAndNothingIsStored(t *testing.T) {
	w := newWorld(t)
	team := w.Bearer("team")
	good := func(change map[string]any) map[string]any {
		body := map[string]any{"kind": "initiation", "title": "T", "starts_at": "2026-04-01T09:00:00Z", "ends_at": "2026-04-01T11:00:00Z", "mode": "online", "capacity": 2}
		for name, value := range change {
			body[name] = value
		}
		return body
	}
	for _, c := range []struct {
		body      any
		locations string
	}{
		{`{}`, "body.capacity body.kind body.mode body.starts_at body.title"},
		{good(map[string]any{"capacity": 0}), "body.capacity"}, {good(map[string]any{"capacity": -1}), "body.capacity"}, {good(map[string]any{"capacity": 2001}), "body.capacity"},
		{good(map[string]any{"ends_at": "2026-04-01T09:00:00Z"}), "body.ends_at"}, {good(map[string]any{"starts_at": "2026-01-01T09:00:00Z", "ends_at": "2026-01-01T10:00:00Z"}), "body.starts_at"},
		{good(map[string]any{"mode": "onsite"}), "body.place"}, {good(map[string]any{"title": strings.Repeat("é", 10_000)}), "body.title"}, {good(map[string]any{"series": "nulle-part"}), "body.series"},
		{good(map[string]any{"fundamentals": []int{5}, "narrative_dimensions": []int{0}}), "body.fundamentals body.narrative_dimensions"},
		{good(map[string]any{"starts_at": "demain", "capacity": "x"}), "body.capacity body.starts_at"}, {good(map[string]any{"join_url": "javascript:x", "timezone": "UTC"}), "body.join_url body.timezone"},
	} {
		if got := strings.Join(w.locations("POST", "/v1/sessions", c.body, team...), " "); got != c.locations {
			t.Errorf("%v: %s", c.body, got)
		}
	}
	w.call(http.StatusUnauthorized, "POST", "/v1/sessions", good(nil), nil)
	w.call(http.StatusForbidden, "POST", "/v1/sessions", good(nil), nil, w.Bearer("readers")...)
	if n := len(w.Dump(function.Agenda)) + len(w.Dump(function.Audit)); n != 0 {
		t.Errorf("%d items are stored", n)
	}
	var made, again session
	w.call(http.StatusCreated, "POST", "/v1/sessions", good(nil), &made, append(team, "Idempotency-Key", "k")...)
	w.call(http.StatusCreated, "POST", "/v1/sessions", good(nil), &again, append(team, "Idempotency-Key", "k")...)
	if made.ID != again.ID || made.Status != "open" || made.SeatsLeft != 2 || made.Timezone != "Europe/Paris" || made.Fundamentals == nil {
		t.Errorf("%+v %+v", made, again)
	}
	w.call(http.StatusUnprocessableEntity, "POST", "/v1/sessions", good(map[string]any{"title": "U"}), nil, append(team, "Idempotency-Key", "k")...)
	trail := w.Dump(function.Audit)
	if len(trail) != 1 || trail[0]["who"] != "member-1" || trail[0]["action"] != "session.planned" || trail[0]["subject"] != made.ID {
		t.Errorf("%v", trail)
	}
}

func TestBookingAsACallerSeesIt(t *testing.T) {
	w := newWorld(t)
	s := w.newSession(1)
	path := "/v1/sessions/" + s.ID + "/bookings"
	body := func(email string) map[string]string {
		return map[string]string{"given_name": "Ada", "family_name": "L", "email": email, "territory": "46102", "quartet_role": "elected"}
	}
	before := len(w.Dump(function.Agenda))
	if got := w.locations("POST", path, map[string]string{"given_name": strings.Repeat("a", 10_000), "email": "a@x.fr\r\nBcc: b@x.fr", "territory": "31999", "quartet_role": "king"}); strings.Join(got, " ") !=
		"body.email body.family_name body.given_name body.quartet_role body.territory" {
		t.Errorf("%v", got)
	}
	w.call(http.StatusNotFound, "POST", "/v1/sessions/ses_none/bookings", body("a@x.fr"), nil)
	if len(w.Dump(function.Agenda)) != before {
		t.Error("a refusal stored something")
	}
	var first, second bookingAnswer
	w.call(http.StatusCreated, "POST", path, body("a@x.fr"), &first)
	w.call(http.StatusCreated, "POST", path, body("b@x.fr"), &second)
	if first.Status != "confirmed" || first.Position != 0 || second.Status != "waiting" || second.Position != 1 ||
		!strings.HasPrefix(first.ManageURL, "http://127.0.0.1:8080/reservations/"+first.BookingID+"?token=") {
		t.Errorf("%+v %+v", first, second)
	}
	w.call(http.StatusConflict, "POST", path, body("A+x@X.fr"), nil)
	var full session
	w.call(http.StatusOK, "GET", "/v1/sessions/"+s.ID, nil, &full)
	if full.Status != "full" || full.SeatsLeft != 0 || full.Waiting != 1 {
		t.Errorf("%+v", full)
	}
	bearer := []string{"Authorization", "Bearer " + w.token(first)}
	w.call(http.StatusOK, "GET", "/v1/bookings/"+first.BookingID, nil, nil, bearer...)
	w.call(http.StatusForbidden, "GET", "/v1/bookings/"+second.BookingID, nil, nil, bearer...)
	w.call(http.StatusUnauthorized, "GET", "/v1/bookings/"+first.BookingID, nil, nil)
	w.call(http.StatusUnauthorized, "DELETE", "/v1/bookings/"+first.BookingID, nil, nil, "Authorization", "Bearer "+w.token(first)+"x")
	for range 2 {
		var gone releasedAnswer
		w.call(http.StatusOK, "DELETE", "/v1/bookings/"+first.BookingID, nil, &gone, bearer...)
		if gone.Status != "cancelled" {
			t.Errorf("%+v", gone)
		}
	}
	if got := w.status(second); got != "confirmed" {
		t.Errorf("who waited is %s", got)
	}
	w.Clock.Set(s.EndsAt)
	w.call(http.StatusConflict, "POST", path, body("c@x.fr"), nil)
}

func TestAttendanceAndFeedback(t *testing.T) {
	w := newWorld(t)
	team := w.Bearer("team")
	s := w.newSession(3)
	b := w.bookMany(s.ID, 3)
	path := "/v1/sessions/" + s.ID + "/attendance"
	came := func(ids ...string) map[string]any {
		return map[string]any{"attended": ids, "walk_ins": []map[string]string{{"territory": "46102", "quartet_role": "state"}}}
	}
	w.call(http.StatusConflict, "PUT", path, came(b[0].BookingID), nil, team...)
	w.Clock.Set(s.EndsAt)
	team = w.Bearer("team")
	if got := w.locations("PUT", path, came("bok_none"), team...); !slices.Equal(got, []string{"body.attended"}) {
		t.Errorf("%v", got)
	}
	var first, second attendanceAnswer
	w.call(http.StatusOK, "PUT", path, came(b[0].BookingID), &first, team...)
	w.call(http.StatusOK, "PUT", path, came(b[0].BookingID, b[1].BookingID), &second, team...)
	if first.Attended != 2 || first.Session.Status != "held" || second.Attended != 3 {
		t.Errorf("%+v %+v", first, second)
	}
	for range 2 { // the same again is no correction
		var again attendanceAnswer
		w.call(http.StatusOK, "PUT", path, came(b[1].BookingID, b[0].BookingID), &again, team...)
		if again.FactID != second.FactID || again.Attended != 3 || again.Session.Status != "held" {
			t.Errorf("%+v", again)
		}
	}
	facts := w.Dump(function.Ledger)
	if len(facts) != 2 || !strings.Contains(fmt.Sprint(facts), `"corrects":"`+first.FactID+`"`) || len(w.Holding("camille.1@territoire.example")) == 0 {
		t.Errorf("%v", facts)
	}
	if text := fmt.Sprint(facts); strings.Contains(text, "Camille") || strings.Contains(text, "@") {
		t.Errorf("facts name someone: %s", text)
	}
	say := func(status int, answer bookingAnswer, effects string) {
		t.Helper()
		w.call(status, "POST", "/v1/bookings/"+answer.BookingID+"/feedback", `{"effects":`+effects+`}`, nil, "Authorization", "Bearer "+w.token(answer))
	}
	say(http.StatusUnprocessableEntity, b[0], `{"alliance":6}`)
	say(http.StatusUnprocessableEntity, b[0], `{}`)
	say(http.StatusForbidden, b[2], `{"alliance":5}`)
	say(http.StatusCreated, b[0], `{"alliance":5,"time_saved":4,"belonging":3,"trust":2,"amplification":1}`)
	say(http.StatusConflict, b[0], `{"alliance":5}`)
	facts = w.Dump(function.Ledger)
	if len(facts) != 3 {
		t.Errorf("%d facts", len(facts))
	}
	w.checkFacts()
	var list bookingList
	w.call(http.StatusOK, "GET", "/v1/sessions/"+s.ID+"/bookings", nil, &list, team...)
	for _, item := range list.Items {
		if attended := item.BookingID != b[2].BookingID; item.Attended != attended {
			t.Errorf("%+v", item)
		}
	}
	if len(list.Items) != 3 {
		t.Errorf("%+v", list)
	}
	w.call(http.StatusUnauthorized, "GET", "/v1/sessions/"+s.ID+"/bookings.csv", nil, nil)
}

// TestBookingsAreListedInPages: who comes, who waits, in order, who has
// cancelled, and each of them once.
func TestBookingsAreListedInPages(t *testing.T) {
	w := newWorld(t)
	team, s := w.Bearer("team"), w.newSession(3)
	b := w.bookMany(s.ID, 7)
	w.cancel(b[0]) // the fourth comes instead
	w.cancel(b[5])
	path := "/v1/sessions/" + s.ID + "/bookings"
	var whole bookingList
	w.call(http.StatusOK, "GET", path, nil, &whole, team...)
	var states []string
	for _, item := range whole.Items {
		states = append(states, said(item.Status, item.Position))
	}
	if got := strings.Join(states, ", "); got != "confirmed, confirmed, confirmed, waiting 1, waiting 2, cancelled, cancelled" || whole.NextCursor != "" {
		t.Errorf("%s, then %q", got, whole.NextCursor)
	}
	for limit := 1; limit <= 7; limit++ {
		var all []listedBooking
		for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
			var page bookingList
			w.call(http.StatusOK, "GET", fmt.Sprintf("%s?limit=%d&cursor=%s", path, limit, cursor), nil, &page, team...)
			if len(page.Items) > limit || len(page.Items) == 0 || pages > 7 {
				t.Fatalf("%d on a page of %d", len(page.Items), limit)
			}
			all, cursor = append(all, page.Items...), page.NextCursor
		}
		if !slices.Equal(all, whole.Items) {
			t.Errorf("in pages of %d: %v", limit, all)
		}
	}
	for _, query := range []string{"?limit=0", "?limit=101", "?limit=x", "?cursor=abc", "?cursor=eyJwayI6IngifQ"} {
		w.call(http.StatusUnprocessableEntity, "GET", path+query, nil, nil, team...)
	}
	w.call(http.StatusNotFound, "GET", "/v1/sessions/ses_none/bookings", nil, nil, team...)
}

func TestTheAgendaIsListedInOrderAndInPages(t *testing.T) {
	w := newWorld(t)
	team := w.Bearer("team")
	w.call(http.StatusCreated, "POST", "/v1/series", `{"kind":"workshop","slug":"recits","name":"Récits","active_from":"2026-01-01"}`, nil, team...)
	w.call(http.StatusCreated, "POST", "/v1/series", `{"kind":"workshop","slug":"recits","name":"Récits","active_from":"2026-01-01"}`, nil, team...)
	w.call(http.StatusConflict, "POST", "/v1/series", `{"kind":"workshop","slug":"recits","name":"Autre","active_from":"2026-01-01"}`, nil, team...)
	for n := range 7 {
		in := w.inTwoDays(2)
		in.StartsAt, in.EndsAt = moment{in.StartsAt.AddDate(0, 0, 7-n)}, moment{in.EndsAt.AddDate(0, 0, 7-n)}
		if n%2 == 0 {
			in.Kind, in.Series = Workshop, "recits"
		}
		if _, err := w.plan(w.team(), in, "", nil); err != nil {
			t.Fatal(err)
		}
	}
	read := func(query string) (starts []time.Time) {
		cursor := ""
		for {
			var page sessionPage
			w.call(http.StatusOK, "GET", "/v1/sessions?"+query+"&cursor="+cursor, nil, &page)
			for _, item := range page.Items {
				starts = append(starts, item.StartsAt)
			}
			if cursor = url.QueryEscape(page.NextCursor); cursor == "" {
				return starts
			}
		}
	}
	for query, n := range map[string]int{"": 7, "limit=2": 7, "kind=workshop&limit=1": 4, "series=recits": 4, "kind=assembly": 0, "from=2026-03-15": 5, "from=2026-03-15&to=2026-03-16": 2, "to=2026-03-14": 2} {
		starts := read(query)
		if len(starts) != n || !slices.IsSortedFunc(starts, time.Time.Compare) {
			t.Errorf("%s: %v", query, starts)
		}
	}
	if got := w.locations("GET", "/v1/sessions?kind=x&from=demain&limit=1000", nil); len(got) != 3 {
		t.Errorf("%v", got)
	}
}

func TestPagesOfTheAgenda(t *testing.T) {
	w := newWorld(t)
	s := w.newSession(1)
	says := func(method, path string, status int, form any, texts ...string) string {
		t.Helper()
		answer := w.Do(w.running, method, path, form, "Accept", "text/html", "Sec-Fetch-Site", "same-origin")
		body := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(answer.Body.String())
		if answer.Code != status {
			t.Fatalf("%s %s: %d %s", method, path, answer.Code, body)
		}
		for _, text := range texts {
			if !strings.Contains(body, text) {
				t.Errorf("%s does not say %q:\n%s", path, text, body)
			}
		}
		return answer.Header().Get("Location")
	}
	says("GET", "/agenda", 200, nil, "Découvrir les fondamentaux", "1 place libre", "jeudi 12 mars 2026", "10 h – 12 h")
	says("GET", "/agenda?mois=2026-04", 200, nil, "avril 2026", "Aucune rencontre", "mois=2026-03", "mois=2026-05")
	says("GET", "/agenda/"+s.ID, 200, nil, "Réserver ma place", `"@type":"Event"`, "OnlineEventAttendanceMode", "EventScheduled")
	says("POST", "/agenda/"+s.ID, 422, url.Values{"given_name": {`<b>Ada`}, "email": {"x"}}, "&lt;b&gt;Ada", "Saisissez votre nom.", "Erreur")
	form := url.Values{"given_name": {"Ada"}, "family_name": {"L"}, "email": {"ada@x.fr"}, web.KeyField: {"form_1"}}
	booked := says("POST", "/agenda/"+s.ID, 303, form)
	if twice := says("POST", "/agenda/"+s.ID, 303, form); twice != booked {
		t.Errorf("sent twice: %s, then %s", booked, twice)
	}
	says("GET", booked, 200, nil, "Votre place est réservée", "Annuler ma réservation")
	says("GET", "/agenda/"+s.ID, 200, nil, "Rejoindre la liste d’attente")
	address, err := url.Parse(booked)
	if err != nil {
		t.Fatal(err)
	}
	token := url.Values{"token": {address.Query().Get("token")}}
	says("GET", says("POST", address.Path+"/annuler", 303, token), 200, nil, "Cette réservation est annulée")
	if answer := w.Do(w.running, "GET", "/equipe/agenda/"+s.ID+"/presences", nil, "Accept", "text/html"); answer.Code != http.StatusSeeOther || !strings.HasPrefix(answer.Header().Get("Location"), "/equipe/connexion?") {
		t.Errorf("the attendance sheet is open: %d", answer.Code)
	}
	w.bookMany(s.ID, 2)
	sheet := w.Do(w.running, "GET", "/equipe/agenda/"+s.ID+"/presences", nil, w.Bearer("team")...).Body.String()
	if !strings.Contains(sheet, `<th scope="row">Martin Camille1</th>`) || !strings.Contains(sheet, "<li>Martin Camille2") || strings.Count(sheet, `class="blank"`) != blankLines {
		t.Errorf("%s", sheet)
	}
	says("GET", "/agenda/ses_none", 404, nil, "Cette rencontre n’existe pas.")
	w.call(http.StatusForbidden, "POST", address.Path+"/annuler", token, nil, "Origin", "https://ailleurs.example")
}
