package demo

import (
	_ "embed"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

//go:embed 2023/agenda.json
var agenda2023 []byte

// agendaOfYear is what the team plans in a year, and who comes.
type agendaOfYear struct {
	Series []struct {
		ActiveFrom string `json:"active_from"`
		Kind       string `json:"kind"`
		Slug       string `json:"slug"`
		Name       string `json:"name"`
	} `json:"series"`
	Circles     map[string]circle `json:"circles"`
	Permanences struct {
		Runs      []string `json:"runs"`      // of the schedule that opens them
		Cancelled string   `json:"cancelled"` // month in which none is held
		Step      int      `json:"step"`      // by how much each company begins after the one before
		company
	} `json:"permanences"`
	Sessions []struct {
		On      string         `json:"on"`
		Hour    int            `json:"hour"`
		Hours   int            `json:"hours"`
		Session map[string]any `json:"session"`
		company
	} `json:"sessions"`
}

// circle is who comes to the sessions of one kind: some allies, by their place
// among those who signed, and guests who did not sign.
type circle struct {
	Allies      [2]int   `json:"allies"` // the first, and how many
	Guests      int      `json:"guests"`
	Mixed       bool     `json:"mixed"` // guests and allies in no order
	Territories []string `json:"territories"`
	Roles       []string `json:"roles"`
}

// company is the part of a circle that comes to one session.
type company struct {
	Circle   string `json:"circle"`
	From     int    `json:"from"`
	Count    int    `json:"count"`
	WalkIns  int    `json:"walk_ins"` // of them, who did not book
	Feedback int    `json:"feedback"` // of them, who say afterwards what it gave
}

// member is someone of a circle, as they book.
type member struct {
	GivenName   string `json:"given_name"`
	FamilyName  string `json:"family_name"`
	Email       string `json:"email"`
	Territory   string `json:"territory,omitempty"`
	QuartetRole string `json:"quartet_role,omitempty"`
}

func (c *crowd) gather(of circle, signed []ally) (members []member) {
	for _, a := range signed[of.Allies[0] : of.Allies[0]+of.Allies[1]] {
		members = append(members, member{GivenName: a.Person.GivenName, FamilyName: a.Person.FamilyName, Email: a.Person.Email})
	}
	for range of.Guests {
		p := c.person("courriel.example")
		members = append(members, member{GivenName: p.GivenName, FamilyName: p.FamilyName, Email: p.Email})
	}
	if of.Mixed {
		c.random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	}
	for i := range members {
		if n := len(of.Territories); n > 0 {
			members[i].Territory = of.Territories[i%n]
		}
		if n := len(of.Roles); n > 0 {
			members[i].QuartetRole = of.Roles[i%n]
		}
	}
	return members
}

// When the team plans a session, and when people say what it gave.
const (
	plannedBefore = 21 * 24 * time.Hour
	feedbackAfter = 20 * time.Hour
)

// meet notes the sessions of a year: planned, booked, held.
func (d *diary) meet(c *crowd, signed []ally) error {
	var year agendaOfYear
	if err := json.Unmarshal(agenda2023, &year); err != nil {
		return err
	}
	circles := map[string][]member{}
	for _, name := range slices.Sorted(maps.Keys(year.Circles)) {
		circles[name] = c.gather(year.Circles[name], signed)
	}
	for _, s := range year.Series {
		d.note(moment(s.ActiveFrom, 8), func(c caller) error { return c.byTeam("/v1/series", s, nil) })
	}
	for _, s := range year.Sessions {
		starts := moment(s.On, s.Hour)
		ends := starts.Add(time.Duration(s.Hours) * time.Hour)
		s.Session["starts_at"], s.Session["ends_at"] = starts.UTC(), ends.UTC()
		d.hold(ends, s.company, circles[s.Circle], func(c caller) (id string, err error) {
			var made struct{ ID string }
			err = c.byTeam("/v1/sessions", s.Session, &made)
			return made.ID, err
		})
	}
	for _, day := range year.Permanences.Runs {
		d.note(moment(day, 7), func(c caller) error { return c.post("/_dev/schedules/open-permanences", nil, nil) })
	}
	company, members := year.Permanences.company, circles[year.Permanences.Circle]
	for month := range time.December {
		first := time.Date(2023, month+1, 1, 0, 0, 0, 0, french.Paris())
		find := func(c caller) (string, error) { return c.permanence(first) }
		if first.Format("2006-01") == year.Permanences.Cancelled {
			d.note(first.Add(-plannedBefore), func(c caller) error {
				id, err := find(c)
				if err != nil {
					return err
				}
				return c.byTeam("/v1/sessions/"+id+"/cancel", nil, nil)
			})
			continue
		}
		// It is the first Tuesday, or a week later: held, for all who read the
		// clock, two weeks into the month.
		d.hold(first.Add(14*24*time.Hour), company, members, find)
		company.From += year.Permanences.Step
	}
	return nil
}

// permanence is the id of the one in a month.
func (c caller) permanence(first time.Time) (string, error) {
	var found struct{ Items []struct{ ID string } }
	query := url.Values{"kind": {"permanence"}, "from": {first.UTC().Format(time.RFC3339)}, "to": {first.AddDate(0, 1, 0).UTC().Format(time.RFC3339)}}
	if err := c.get("/v1/sessions?"+query.Encode(), &found); err != nil {
		return "", err
	}
	return found.Items[0].ID, nil
}

// booked is a booking whose holder may say afterwards what the session gave.
type booked struct {
	BookingID string `json:"booking_id"`
	ManageURL string `json:"manage_url"`
}

// hold notes a session that ends at this time: the company books, comes, and
// some of them say what it gave.
func (d *diary) hold(ends time.Time, who company, members []member, find func(caller) (id string, err error)) {
	coming := members[who.From : who.From+who.Count]
	booking, walkIns := coming[:who.Count-who.WalkIns], coming[who.Count-who.WalkIns:]
	var id string
	bookings := make([]booked, len(booking))
	d.note(ends.Add(-plannedBefore), func(c caller) (err error) {
		if id, err = find(c); err != nil {
			return err
		}
		return each(places(booking), func(i int) error { return c.post("/v1/sessions/"+id+"/bookings", booking[i], &bookings[i]) })
	})
	d.note(ends, func(c caller) error {
		attendance := struct {
			Attended []string `json:"attended"`
			WalkIns  []member `json:"walk_ins"`
		}{WalkIns: walkIns}
		for _, b := range bookings {
			attendance.Attended = append(attendance.Attended, b.BookingID)
		}
		team, err := c.asTeam()
		if err != nil {
			return err
		}
		return team.call(http.MethodPut, "/v1/sessions/"+id+"/attendance", attendance, nil)
	})
	d.note(ends.Add(feedbackAfter), func(c caller) error {
		return each(places(bookings[:who.Feedback]), func(i int) error { return c.sayWhatItGave(bookings[i], i) })
	})
}

// sayWhatItGave answers a few notes, not the same for everyone.
func (c caller) sayWhatItGave(b booked, i int) error {
	manage, err := url.Parse(b.ManageURL)
	if err != nil {
		return err
	}
	c.token = manage.Query().Get("token")
	return c.post("/v1/bookings/"+b.BookingID+"/feedback", map[string]any{"effects": map[string]int{
		"alliance": 5 - i%2, "time_saved": 3 + i%3, "belonging": 4 + i%2, "trust": 5 - i%3, "amplification": 3 + i%2,
	}}, nil)
}

func places[T any](list []T) []int {
	all := make([]int, len(list))
	for i := range all {
		all[i] = i
	}
	return all
}
