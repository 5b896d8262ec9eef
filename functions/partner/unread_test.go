package partner

import (
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
)

// waiting counts what waits for the team, as its home, its list of partners and
// their pages do.
func (w *world) waiting() int {
	w.t.Helper()
	counts, err := partnership.Waiting(w.t.Context(), w.Runtime().Table(function.Partners))
	if err != nil {
		w.t.Fatal(err)
	}
	return counts["occitanie"]
}

// TestWhatWasRefusedWholeIsSeen with its faults, not with what it said; sent
// again it is the same message, and one that is mended takes its place.
func TestWhatWasRefusedWholeIsSeen(t *testing.T) {
	d := newDesk(t, auth.RoleTeam)
	at := d.Clock.Now().Add(-time.Hour)
	wrong := messageOf("territory.enrolled", at, map[string]any{"cohort": "occitanie", "territory": 46102, "enrolled_on": "demain",
		"quartet": map[string]any{"state": map[string]any{"family_name": "Sekret"}, "Sekret Dupont": "x"}})
	for id, body := range map[string]string{"schema": wrong, "json": "{Sekret", "type": `{"type":"Sekret","timestamp":"2026-03-01T09:00:00Z","data":{}}`} {
		for range 2 {
			if answer := d.post(id, body); answer.Code == http.StatusOK {
				t.Fatalf("%s is taken", id)
			}
		}
	}
	if n := d.waiting(); n != 3 {
		t.Errorf("%d messages wait", n)
	}
	if found := append(d.Holding("Sekret"), d.Holding("demain")...); len(found) > 0 {
		t.Errorf("what was sent is kept: %v", found)
	}
	d.says(200, teamPartners, nil, "3 messages refusés à traiter", "Refusé en entier")
	d.says(200, teamPartners+"/occitanie", nil, "3 messages refusés à traiter", "Message illisible", "Territoire entré", "Refusé en entier", "6 envois bien signés et refusés en entier")
	d.says(200, teamPartners+"/occitanie/message?id=schema", nil, "<code>data.territory</code>", "<code>data.enrolled_on</code>", "invalid-input", "Indiquez un jour", "Mettre ce message de côté", "mailto:?body=")
	d.says(200, teamPartners+"/occitanie/message?id=json", nil, "malformed-json")
	if answer := d.Do(d.running, http.MethodGet, "/v1/webhooks/occitanie/receipts", nil, d.headers("r", "")...); answer.Code != http.StatusOK || strings.Contains(answer.Body.String(), "rcp_") {
		t.Errorf("it has a receipt: %d %s", answer.Code, answer.Body)
	}
	leads, _ := d.says(303, teamPartners+"/occitanie/message/ecarter", url.Values{"id": {"json"}, "reason": {"vu"}})
	d.says(200, leads, nil, "Ce message est mis de côté", "Refusé en entier")
	if got := d.Audited(""); !slices.Equal(got, []string{"webhook.set-aside"}) || d.waiting() != 2 {
		t.Errorf("%v, %d wait", got, d.waiting())
	}
	d.receiptOf(d.post("schema", enrolledIn(at, "46102", "2026-03-01")))
	if d.waiting() != 1 {
		t.Errorf("%d wait", d.waiting())
	}
	_, page := d.says(200, teamPartners+"/occitanie/message?id=schema", nil, "Noté")
	if strings.Contains(page, "Refusé en entier") {
		t.Error("a message that was mended is refused still")
	}
	for _, item := range d.Dump(function.Partners) {
		if item["unread"] != nil && item["expires_at"] == nil {
			t.Error("it is kept for ever")
		}
	}
}

// TestANameThatASenderMadeUpIsNotKept: it may be anybody's.
func TestANameThatASenderMadeUpIsNotKept(t *testing.T) {
	for location, want := range map[string]string{
		"data.territories.3.enrolled_on": "data.territories.3.enrolled_on", "data.quartet.Jeanne Martin": "data.quartet",
		"data.territories.3.Jeanne.cohort": "data.territories.3", "Jeanne Martin": "", "": "",
	} {
		if got := ourField(location); got != want {
			t.Errorf("%q is kept as %q, not %q", location, got, want)
		}
	}
}

// TestAnIDIsOneMessage: what cannot be read hides nothing that came well under
// its id, before or after.
func TestAnIDIsOneMessage(t *testing.T) {
	const unreadable = "{"
	for name, order := range map[string]func(good string) []string{
		"unreadable after":            func(good string) []string { return []string{good, unreadable} },
		"unreadable before":           func(good string) []string { return []string{unreadable, good} },
		"unreadable before and after": func(good string) []string { return []string{unreadable, good, unreadable, good} },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, auth.RoleTeam)
			good := enrolledIn(d.Clock.Now().Add(-time.Hour), "46102", "2026-03-01")
			var given receipt
			for _, body := range order(good) {
				answer := d.post("twice", body)
				if body == good {
					given = d.receiptOf(answer)
				} else if answer.Code == http.StatusOK {
					t.Fatal("what cannot be read is taken")
				}
				d.Clock.Advance(time.Second)
			}
			found := d.Do(d.running, http.MethodGet, "/v1/webhooks/occitanie/receipts", nil, d.headers("r", "")...).Body.String()
			if strings.Count(found, "receipt_id") != 1 || !strings.Contains(found, given.ReceiptID) {
				t.Errorf("the partner finds %s instead of %s", found, given.ReceiptID)
			}
			rows := d.Do(d.running, http.MethodGet, teamPartners+"/occitanie/messages.csv", nil, d.browser.Headers...).Body.String()
			if strings.Count(rows, given.ReceiptID) != 1 || strings.Count(rows, "twice") != 1 || strings.Contains(rows, "illisible") {
				t.Errorf("the team takes away %s", rows)
			}
			if n := d.waiting(); n != 0 {
				t.Errorf("%d wait", n)
			}
		})
	}
}

// TestWhatWasMendedIsNotSetAside by who read that it was refused whole.
func TestWhatWasMendedIsNotSetAside(t *testing.T) {
	w := newWorld(t)
	s, team := w.bare(), auth.WithMember(t.Context(), auth.Member{Subject: "member-1", Roles: []auth.Role{auth.RoleTeam}})
	w.post("mended", "{")
	read, err := s.delivered(team, alliance.Partners[0], "mended")
	if err != nil {
		t.Fatal(err)
	}
	w.receiptOf(w.post("mended", enrolledIn(w.Clock.Now().Add(-time.Hour), "46102", "2026-03-01")))
	var refused *dynamo.Refused
	if err := s.setChunksAside(team, alliance.Partners[0], read, "vu"); !errors.As(err, &refused) {
		t.Errorf("%v", err)
	}
}

// TestASenderThatGoesWrongFillsNothing: of a day the first messages are kept,
// the others counted; the next day keeps again.
func TestASenderThatGoesWrongFillsNothing(t *testing.T) {
	w := newWorld(t)
	for n := range unreadADay + 5 {
		w.post(fmt.Sprint("m", n), "{")
	}
	if n := w.waiting(); n != unreadADay {
		t.Errorf("%d are kept", n)
	}
	w.Clock.Advance(24 * time.Hour)
	w.post("tomorrow", "{")
	if n := w.waiting(); n != unreadADay+1 {
		t.Errorf("%d are kept the day after", n)
	}
}

// TestForgedMessagesAreCountedOnly, by one write a minute.
func TestForgedMessagesAreCountedOnly(t *testing.T) {
	d := newDesk(t, auth.RoleTeam)
	forge := func(n int) {
		for range n {
			if answer := d.post("m", "{}", "webhook-signature", "v1,x"); answer.Code != http.StatusUnauthorized {
				t.Fatalf("%d", answer.Code)
			}
		}
	}
	if _, write := d.Units(func() { forge(40) }); write != 1 {
		t.Errorf("forty forged messages cost %v write units", write)
	}
	d.Do(d.running, http.MethodPost, "/v1/webhooks/nobody", "{}", d.headers("m", "{}")...)
	d.Clock.Advance(unsignedEvery)
	forge(1)
	d.says(200, teamPartners+"/occitanie", nil, "41 envois dont la signature n’est pas valable")
	if items := d.Dump(function.Partners); len(items) != 1 || d.waiting() != 0 {
		t.Errorf("%v", items)
	}
}

// TestMessagesAreNarrowed by what is kept of them, page and file alike, and a
// search that cannot be read is answered by its form.
func TestMessagesAreNarrowed(t *testing.T) {
	d := newDesk(t, auth.RoleTeam)
	d.putCohort("lot-2027", "occitanie", "76")
	at := d.Clock.Now().Add(-time.Hour)
	of := func(cohort, code string) string {
		return messageOf("territory.enrolled", at, map[string]any{"cohort": cohort, "territory": code, "enrolled_on": "2026-03-01"})
	}
	for _, m := range [][2]string{{"taken", of("occitanie", "46102")}, {"elsewhere", of("lot-2027", "46102")}, {"unknown", of("occitanie", "99999")}} {
		d.post(m[0], m[1])
		d.Clock.Advance(time.Second)
	}
	d.Clock.Advance(24 * time.Hour)
	d.browser = d.Browser(auth.RoleTeam) // signed in this morning
	d.post("no-cohort", of("lot-2026", "46102"))
	d.Clock.Advance(time.Second)
	d.post("=unread", "{")
	path := teamPartners + "/occitanie"
	for query, want := range map[string]string{
		"": "=unread no-cohort unknown elsewhere taken", "status=waiting": "=unread no-cohort unknown", "status=unread": "=unread", "status=rejected": "no-cohort unknown",
		"status=applied": "elsewhere taken", "status=aside": "", "code=unknown-territory": "unknown", "code=malformed-json": "=unread",
		"cohort=occitanie": "unknown taken", "cohort=lot-2026&status=rejected": "no-cohort", "from=2026-03-11": "=unread no-cohort", "until=2026-03-10": "unknown elsewhere taken",
		"from=2026-03-10&until=2026-03-10&code=unknown-territory": "unknown", "from=2026-03-12": "",
	} {
		_, page := d.says(200, path+"?"+query, nil)
		rows, err := csv.NewReader(strings.NewReader(d.Do(d.running, http.MethodGet, path+"/messages.csv?"+query, nil, d.browser.Headers...).Body.String())).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var shown, taken []string
		for _, row := range rows[1:] {
			taken = append(taken, strings.TrimPrefix(row[1], "'"))
		}
		for _, part := range strings.Split(page, "/message?id=")[1:] {
			id, _, _ := strings.Cut(part, `"`)
			id, _ = url.QueryUnescape(id)
			shown = append(shown, id)
		}
		if strings.Join(shown, " ") != want || strings.Join(taken, " ") != want {
			t.Errorf("%s: %v are shown, %v taken away", query, shown, taken)
		}
	}
	d.says(200, path, nil, `<td data-label="Cohorte">Cohorte lot-2027<br><small>lot-2027</small></td>`, `<td data-label="Cohorte">lot-2026</td>`) // by its name, where it has one
	cursor := url.Values{"cursor": {"eyJ4IjoieSJ9"}}.Encode()
	for query, fault := range map[string]string{
		"status=x": `id="status-fault"`, "code=x": `id="code-fault"`, "cohort=%3Cb%3E": `id="cohort-fault"`, "from=hier": `id="from-fault"`,
		"from=2026-03-12&until=2026-03-11": `id="until-fault"`, cursor: "repartez du début",
	} {
		d.says(422, path+"?"+query, nil, fault, `<details class="filters"`)
		if query != cursor {
			d.says(422, path+"/messages.csv?"+query, nil, fault)
		}
	}
}
