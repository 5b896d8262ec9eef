package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// crowd is what many people did with one session and what they were told,
// with the instants at which they asked and were answered.
type crowd struct {
	sync.Mutex
	begun    time.Time
	people   []*guest
	capacity []growth
}

// guest is one of them; a zero instant has not come.
type guest struct {
	id, token               string
	asked, told             time.Duration
	status                  string // as they were first told
	gaveUpAsked, gaveUpTold time.Duration
	last                    string // status at the end
}

// growth is the capacity from an instant on.
type growth struct {
	from  time.Duration
	seats int
}

// broken lists what must not be, seen by people from outside.
func (c *crowd) broken() (faults []string) {
	type step struct {
		at     time.Duration
		change int
	}
	var steps []step
	for n, g := range c.people {
		if g.status == "confirmed" { // surely, from the answer on until they begin to give up
			steps = append(steps, step{g.told, 1})
			if g.gaveUpAsked > 0 {
				steps = append(steps, step{g.gaveUpAsked, -1})
			}
		}
		for m, other := range c.people {
			if g.status == "waiting" && g.last == "waiting" && other.asked > g.told && (other.status == "confirmed" || other.last == "confirmed") {
				faults = append(faults, fmt.Sprintf("%d waits, and %d, who asked after, is seated", n, m))
			}
		}
	}
	slices.SortFunc(steps, func(a, b step) int { return int(a.at - b.at) })
	seated := 0
	for _, s := range steps {
		seats := 0
		for _, g := range c.capacity {
			if g.from <= s.at {
				seats = g.seats
			}
		}
		if seated += s.change; seated > seats {
			faults = append(faults, fmt.Sprintf("%s: %d seated of %d", s.at, seated, seats))
		}
	}
	return faults
}

// TestACrowdShowsWhatIsBroken, each time one thing.
func TestACrowdShowsWhatIsBroken(t *testing.T) {
	seated := guest{asked: 1, told: 2, status: "confirmed", last: "confirmed"}
	for name, c := range map[string]*crowd{
		"oversold":                  {people: []*guest{&seated, &seated}, capacity: []growth{{0, 1}}},
		"before it grew":            {people: []*guest{&seated, &seated}, capacity: []growth{{0, 1}, {3, 2}}},
		"passed over":               {people: []*guest{{asked: 1, told: 2, status: "waiting", last: "waiting"}, {asked: 3, told: 4, status: "waiting", last: "confirmed"}}, capacity: []growth{{0, 9}}},
		"passed over by a newcomer": {people: []*guest{{asked: 1, told: 2, status: "waiting", last: "waiting"}, {asked: 3, told: 4, status: "confirmed", last: "cancelled"}}, capacity: []growth{{0, 9}}},
		"":                          {people: []*guest{&seated, {asked: 1, told: 3, status: "waiting", last: "waiting"}, {asked: 2, told: 3, status: "confirmed", last: "confirmed"}}, capacity: []growth{{0, 1}, {2, 2}}},
	} {
		if found := c.broken(); len(found) == 0 != (name == "") {
			t.Errorf("%s: %q", name, found)
		}
	}
}

// TestACrowdBooksOverHTTP sends many people at once to one session, some of
// whom repeat their request at the very moment or give up, while it grows,
// over connections and with all streams running; then it looks at what
// everybody was told, and when.
func TestACrowdBooksOverHTTP(t *testing.T) {
	people, seats, grown := 1000, 100, 120
	if testing.Short() || os.Getenv("FABRIQUE_ENGINE") == "dynamodb-local" { // where each stream record costs more
		people = 300
	}
	v := serve(t)
	starts := time.Now().AddDate(0, 0, 9).UTC().Truncate(time.Second)
	var session struct {
		ID                string
		Capacity, Waiting int
		SeatsLeft         int `json:"seats_left"`
	}
	v.asTeam(http.MethodPost, "/v1/sessions", map[string]any{"kind": "assembly", "title": "Assemblée", "mode": "online", "capacity": seats,
		"starts_at": starts, "ends_at": starts.Add(time.Hour)}, &session)
	c := &crowd{begun: time.Now(), people: make([]*guest, people), capacity: []growth{{0, seats}}}
	places := make(chan struct{}, 50)
	var group sync.WaitGroup
	for n := range people {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			c.people[n] = v.comes(c, session.ID, n)
		})
		if n == people/2 {
			group.Go(func() {
				asked := time.Since(c.begun)
				v.asTeam(http.MethodPatch, "/v1/sessions/"+session.ID, map[string]int{"capacity": grown}, nil)
				c.Lock()
				defer c.Unlock()
				c.capacity = append(c.capacity, growth{asked, grown})
			})
		}
	}
	group.Wait()
	type page struct {
		Items []struct {
			ID       string `json:"booking_id"`
			Status   string
			Position int
			Email    string
		}
		NextCursor string `json:"next_cursor"`
	}
	var list page
	for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
		var next page
		v.asTeam(http.MethodGet, "/v1/sessions/"+session.ID+"/bookings?cursor="+cursor, nil, &next)
		list.Items, cursor = append(list.Items, next.Items...), next.NextCursor
	}
	states, positions, byID := map[string]int{}, map[int]bool{}, map[string]int{}
	for i, item := range list.Items {
		states[item.Status]++
		byID[item.ID] = i
		if item.Status == "waiting" {
			positions[item.Position] = true
		}
	}
	gaveUp := 0
	for n, g := range c.people {
		i, found := byID[g.id]
		if !found || list.Items[i].Email != addressOf(n) {
			t.Fatalf("person %d has no booking %s", n, g.id)
		}
		if g.last = list.Items[i].Status; g.gaveUpTold > 0 {
			gaveUp++
		}
	}
	for _, f := range c.broken() {
		t.Error(f)
	}
	want := map[string]int{"confirmed": grown, "waiting": people - gaveUp - grown, "cancelled": gaveUp}
	for state, n := range want {
		if states[state] != n {
			t.Errorf("%d are %s, not %d", states[state], state, n)
		}
	}
	if len(list.Items) != people {
		t.Errorf("%d bookings of %d people", len(list.Items), people)
	}
	for n := 1; n <= want["waiting"]; n++ {
		if !positions[n] {
			t.Errorf("nobody has position %d", n)
		}
	}
	v.fetch(http.MethodGet, "/v1/sessions/"+session.ID, &session)
	if session.SeatsLeft != 0 || session.Capacity != grown || session.Waiting != want["waiting"] {
		t.Errorf("%+v", session)
	}
}

func addressOf(n int) string { return fmt.Sprintf("p%d@exemple.example", n) }

// comes lets a person book, some of them twice at the very moment, and some
// give up again.
func (v *visitor) comes(c *crowd, session string, n int) *guest {
	g := &guest{asked: time.Since(c.begun)}
	path, key := "/v1/sessions/"+session+"/bookings", fmt.Sprint("key-", n)
	body := map[string]string{"given_name": "P", "family_name": fmt.Sprint(n), "email": addressOf(n)}
	type booking struct {
		ID     string `json:"booking_id"`
		Status string
		URL    string `json:"manage_url"`
	}
	var answers [2]booking
	book := func(i int) {
		code := v.again(http.MethodPost, path, body, &answers[i], "Idempotency-Key", key)
		if code != http.StatusCreated {
			v.t.Errorf("person %d: %d", n, code)
		}
	}
	if n%5 == 0 {
		var twice sync.WaitGroup
		twice.Go(func() { book(1) })
		book(0)
		twice.Wait()
		if answers[0].ID != answers[1].ID {
			v.t.Errorf("person %d: %+v and %+v", n, answers[0], answers[1])
		}
	} else {
		book(0)
	}
	_, token, _ := strings.Cut(answers[0].URL, "token=")
	g.id, g.status, g.token, g.told = answers[0].ID, answers[0].Status, token, time.Since(c.begun)
	if n%7 != 0 {
		return g
	}
	g.gaveUpAsked = time.Since(c.begun)
	for range 2 { // a cancellation that is repeated is the same
		if code := v.again(http.MethodDelete, "/v1/bookings/"+g.id, nil, nil, "Authorization", "Bearer "+g.token); code != http.StatusOK {
			v.t.Errorf("person %d gives up: %d", n, code)
		}
	}
	g.gaveUpTold = time.Since(c.begun)
	return g
}

// again is call, repeated as a caller does who got no answer or was told that
// the platform is busy.
func (v *visitor) again(method, path string, body, out any, headers ...string) (code int) {
	for range 10 {
		if code = v.call(method, path, body, out, headers...); code < http.StatusInternalServerError {
			return code
		}
		v.t.Logf("%s %s: %d", method, path, code)
	}
	return code
}

// call sends JSON, reads an answer that is good into out, unless nil, and
// returns its status.
func (v *visitor) call(method, path string, body, out any, headers ...string) int {
	text, err := json.Marshal(body)
	if err != nil {
		v.t.Error(err)
	}
	request, err := http.NewRequestWithContext(v.t.Context(), method, v.origin+path, bytes.NewReader(text))
	if err != nil {
		v.t.Error(err)
		return 0
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		v.t.Error(err)
		return 0
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(answer.Body)
	if err == nil && out != nil && answer.StatusCode < 300 {
		err = json.Unmarshal(text, out)
	}
	if err != nil {
		v.t.Errorf("%s %s: %v %s", method, path, err, text)
	}
	return answer.StatusCode
}
