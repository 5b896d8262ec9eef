package booking

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// TestASessionThatHasBegunIsLeftAsItIs, before the schedule has closed it.
func TestASessionThatHasBegunIsLeftAsItIs(t *testing.T) {
	d := newDesk(t)
	s := d.newSession(3)
	d.bookMany(s.ID, 2)
	d.Clock.Set(s.StartsAt)
	d.browser = d.Browser(auth.RoleTeam) // signed in two days ago
	path := teamAgenda + "/" + s.ID
	for name, answer := range map[string]int{
		"PATCH": d.Do(d.running, http.MethodPatch, "/v1/sessions/"+s.ID, `{"title":"Un autre titre"}`, d.Bearer("team")...).Code,
		"POST":  d.Do(d.running, http.MethodPost, "/v1/sessions/"+s.ID+"/cancel", nil, d.Bearer("team")...).Code,
	} {
		if answer != http.StatusConflict {
			t.Errorf("%s: %d", name, answer)
		}
	}
	d.says(409, path+"/annuler", nil, "a commencé")
	d.says(409, path+"/annuler", url.Values{}, "a commencé")
	d.says(409, path+"/modifier", nil, "a commencé")
	d.says(409, path+"/modifier", formOf(s.input()), "a commencé")
	for _, resize := range []error{d.grow(d.team(), s.ID, 5), d.shrink(d.team(), s.ID, 2)} {
		if !fault.Is(resize, errClosed.Code) {
			t.Errorf("%v", resize)
		}
	}
	if now := d.stored(s.ID); now.State != planned || now.Version != s.Version {
		t.Errorf("%+v", now)
	}
}

// TestACancellationTellsTheTruth when something else happens at that moment.
func TestACancellationTellsTheTruth(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(w *world, s sessionItem)
		fault     string
		state     string
	}{
		"it begins and is closed": {func(w *world, s sessionItem) {
			w.Clock.Set(s.StartsAt)
			if err := w.closeSessions(w.t.Context(), s.StartsAt); err != nil {
				w.t.Error(err)
			}
		}, errClosed.Code, closed},
		"it is moved": {func(w *world, s sessionItem) {
			if _, err := w.change(w.team(), s.ID, sessionChange{Title: ptr("Un autre titre")}, &fault.Fields{}); err != nil {
				w.t.Error(err)
			}
		}, "", cancelled},
		"it is cancelled": {func(w *world, s sessionItem) {
			if err := w.service.cancel(w.team(), s.ID); err != nil {
				w.t.Error(err)
			}
		}, "", cancelled},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.newSession(2)
			w.beforeCommit(func() { c.meanwhile(w, s) })
			err := w.service.cancel(w.team(), s.ID)
			if (err != nil) != (c.fault != "") || err != nil && !fault.Is(err, c.fault) {
				t.Errorf("%v", err)
			}
			now := w.look(s.ID)
			if now.session.State != c.state || c.state == cancelled && len(now.free) != 0 {
				t.Errorf("%s, %d seats are free", now.session.State, len(now.free))
			}
		})
	}
}
