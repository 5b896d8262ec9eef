package registration

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

var seenField = regexp.MustCompile(`name="vu" value="([^"]+)"`)

// preview opens the preview and returns what its form posts.
func (d *desk) preview(kept, duplicate string) (page string, form url.Values) {
	d.t.Helper()
	page = d.page(http.StatusOK, "/equipe/allies/"+kept+"/fusion?avec="+duplicate)
	match := seenField.FindStringSubmatch(page)
	if match == nil {
		d.t.Fatalf("no form in %s", page)
	}
	return page, url.Values{"avec": {duplicate}, "vu": {match[1]}}
}

// TestTwoSignaturesOfAnOrganisationBecomeOne: the preview says it, one
// transaction does it, the count and the facts say it, and neither number can
// sign again.
func TestTwoSignaturesOfAnOrganisationBecomeOne(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	first := d.join(anOrganisation("Une", "old@exemple.fr", withSIRET(siret(1)), named("Paul", "Ancien"))).AllyID
	kept := d.join(anOrganisation("Une, la vraie", "new@exemple.fr", withSIRET(siret(2)), func(in *signing) { in.Organisation.RNA = "W751234567" })).AllyID
	search := d.page(http.StatusOK, "/equipe/allies/"+kept+"/fusion?q=une")
	if !strings.Contains(search, first) {
		t.Errorf("the duplicate is not offered: %s", search)
	}
	page, form := d.preview(kept, first)
	for _, want := range []string{"Paul Ancien n’est plus contact", "Une, la vraie", "Garder plutôt l’autre"} {
		if !strings.Contains(page, want) {
			t.Errorf("the preview does not say %q", want)
		}
	}
	told := d.only("signatures-merged", func() { d.post(http.StatusSeeOther, "/equipe/allies/"+kept+"/fusion", form) })
	if told.To != "old@exemple.fr" || told.Data["organisation"] != "Une, la vraie" {
		t.Errorf("told %+v", told)
	}
	if got := d.lines(""); !slices.Equal(got, []string{kept}) || d.count() != (count{Organisations: 1}) {
		t.Errorf("left %v, %v", got, d.count())
	}
	left := d.facts("ally.left.v2")
	if len(left) != 1 || fmt.Sprint(left[0]["subject"]) != first || len(d.facts("ally.left.v1")) != 0 {
		t.Errorf("facts: %v", left)
	}
	d.claimsAre("CLAIM#RNA#W751234567", "CLAIM#SIRET#"+siret(1), "CLAIM#SIRET#"+siret(2))
	if again := d.join(anOrganisation("Une", "x@exemple.fr", withSIRET(siret(1)))); again.AllyID != kept {
		t.Errorf("the duplicate's number made %s", again.AllyID)
	}
	d.patch(http.StatusOK, d.session("new@exemple.fr"), `{"organisation":{"website":"https://une.example"}}`)
	d.claimsAre("CLAIM#RNA#W751234567", "CLAIM#SIRET#"+siret(1), "CLAIM#SIRET#"+siret(2))
	if trail := fmt.Sprint(d.Dump(function.Audit)); !strings.Contains(trail, "ally.merged") || strings.Contains(trail, "Ancien") {
		t.Errorf("trail: %s", trail)
	}
	d.Clock.Advance(1)
	d.leave("new@exemple.fr")
	d.Drain(d.running) // all that it was known by goes with it
	d.claimsAre()
}

func TestTwoSignaturesOfAPersonBecomeOne(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	kept := d.join(aPerson("work@exemple.fr")).AllyID
	duplicate := d.join(aPerson("home@exemple.fr", func(in *signing) { in.Organisation = &organisationInput{Name: "Mairie"} })).AllyID
	_, form := d.preview(kept, duplicate)
	d.post(http.StatusSeeOther, "/equipe/allies/"+kept+"/fusion", form)
	if page := d.page(http.StatusOK, "/equipe/allies?q=mairie"); !strings.Contains(page, "work@exemple.fr") {
		t.Errorf("what only the duplicate knew is lost: %s", page)
	}
	for _, held := range d.Holding("home@exemple.fr") {
		if !strings.Contains(held, "MAIL#") {
			t.Errorf("the other address is held by %s", held)
		}
	}
	if again := d.join(aPerson("home@exemple.fr")); again.AllyID == kept || d.count() != (count{Persons: 2}) {
		t.Errorf("%v %v", again, d.count())
	}
}

// TestTheLaterChoiceOfNewsHolds when a person had signed twice, and nobody
// chooses for somebody else; the preview says what is done.
func TestTheLaterChoiceOfNewsHolds(t *testing.T) {
	t.Parallel()
	news := func(in *signing) { in.Consents.Newsletter = true }
	none := func(in *signing) { in.Consents.Newsletter = false }
	for name, c := range map[string]struct {
		kept, duplicate adjust
		email           string                                // of the duplicate
		since           func(d *desk, kept, duplicate string) // what they did afterwards
		want            bool
	}{
		"wanted since":          {none, news, "a@exemple.fr", nil, true},
		"not wanted since":      {news, none, "a@exemple.fr", nil, false},
		"both want":             {news, news, "a@exemple.fr", nil, true},
		"someone else wants":    {none, news, "b@exemple.fr", nil, false},
		"someone else does not": {news, none, "b@exemple.fr", nil, true},
		"given up since": {news, news, "a@exemple.fr", func(d *desk, kept, _ string) {
			d.patch(http.StatusOK, d.session("a@exemple.fr"), fmt.Sprintf(`{"ally_id":%q,"consents":{"newsletter":false}}`, kept))
			d.Clock.Advance(time.Hour)
			d.session("a@exemple.fr") // to come back is no choice
		}, false},
		"asked for since": {none, none, "a@exemple.fr", func(d *desk, _, duplicate string) {
			d.patch(http.StatusOK, d.session("a@exemple.fr"), fmt.Sprintf(`{"ally_id":%q,"consents":{"newsletter":true}}`, duplicate))
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, auth.RoleTeam)
			kept := d.join(anOrganisation("Une", "a@exemple.fr", withSIRET(siret(1)), c.kept)).AllyID
			d.Clock.Advance(time.Minute)
			duplicate := d.join(anOrganisation("Une aussi", c.email, withSIRET(siret(2)), c.duplicate, func(in *signing) { in.Person.Role = "maire" })).AllyID
			d.Clock.Advance(time.Minute)
			if c.since != nil {
				c.since(d, kept, duplicate)
			}
			page, _ := d.preview(kept, duplicate)
			d.merge(kept, duplicate)
			g, err := d.service.signatureOf(t.Context(), kept)
			if err != nil || g.signatory.Newsletter != c.want {
				t.Errorf("news: %v (%v)", g.signatory.Newsletter, err)
			}
			if said := newsCell.FindStringSubmatch(page); said == nil || (said[1] == "Oui") != c.want {
				t.Errorf("the preview says %v", said)
			}
			if (g.signatory.Role == "maire") != (c.email == "a@exemple.fr") {
				t.Errorf("the contact became %q", g.signatory.Role)
			}
		})
	}
}

var newsCell = regexp.MustCompile(`Reçoit les nouvelles</th><td>[^<]+</td><td>[^<]+</td><td>([^<]+)</td>`)

// TestEveryDuplicateIsFound, however many wait for their confirmation before
// it, and those too whose erasure is announced.
func TestEveryDuplicateIsFound(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	kept := d.join(anOrganisation("Une", "a@exemple.fr", withSIRET(siret(1)))).AllyID
	var want []string
	for n := range defaultLimit + 2 {
		name, email := fmt.Sprintf("Une de %02d", n), fmt.Sprintf("a%d@exemple.fr", n)
		d.sign(anOrganisation(name, email, withSIRET(siret(100+n))))
		want = append(want, d.join(anOrganisation(name, email, withSIRET(siret(200+n)))).AllyID)
	}
	d.join(aPerson("une@exemple.fr", named("Une", "Personne")))
	d.announced(want[0])
	address := "/equipe/allies/" + kept + "/fusion?q=une"
	var found []string
	for pages := 1; address != ""; pages++ {
		page := d.page(http.StatusOK, address)
		for _, match := range duplicateLink.FindAllStringSubmatch(page, -1) {
			found = append(found, match[1])
		}
		address = ""
		if next := nextLink.FindStringSubmatch(page); next != nil {
			address = html.UnescapeString(next[1])
		}
		if pages > 3 {
			t.Fatal("pages without end")
		}
	}
	if !slices.Equal(found, want) {
		t.Errorf("found %v, not %v", found, want)
	}
}

var (
	duplicateLink = regexp.MustCompile(`fusion\?avec=([^"]+)"`)
	nextLink      = regexp.MustCompile(`href="([^"]+)" rel="next"`)
)

// announced lets a signature be told that it will be erased.
func (d *desk) announced(ally string) {
	d.t.Helper()
	g, err := d.service.signatureOf(d.t.Context(), ally)
	if err != nil {
		d.t.Fatal(err)
	}
	told := silent{person: g.ally.Person, signatories: []signatoryItem{g.signatory}, last: g.signatory.LastContactAt}
	if err := d.service.announce(d.t.Context(), told); err != nil {
		d.t.Fatal(err)
	}
}

// TestASearchForADuplicateThatIsWrong says so beside its field.
func TestASearchForADuplicateThatIsWrong(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	kept := d.join(anOrganisation("Une", "a@exemple.fr")).AllyID
	for query, want := range map[string]string{
		"q=a@exemple":                          "Saisissez une adresse e-mail comme nom@exemple.fr, ou un nom.",
		"q=" + strings.Repeat("a", maxQuery+1): "Raccourcissez votre recherche.",
		"q=une&cursor=x":                       "repartez du début de la liste",
	} {
		page := d.page(http.StatusUnprocessableEntity, "/equipe/allies/"+kept+"/fusion?"+query)
		beside := strings.Contains(page, `id="q-fault"`)
		if !strings.Contains(page, want) || beside == strings.Contains(query, "cursor") || strings.Contains(page, "Aucune autre signature") {
			t.Errorf("%s: %s", query, page)
		}
	}
	if page := d.page(http.StatusOK, "/equipe/allies/"+kept+"/fusion?q=introuvable"); !strings.Contains(page, "Aucune autre signature") {
		t.Error(page)
	}
}

// TestNothingIsMergedUnseen: what changed since the preview is looked at again.
func TestNothingIsMergedUnseen(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	kept := d.join(anOrganisation("Une", "a@exemple.fr", withSIRET(siret(1)))).AllyID
	duplicate := d.join(anOrganisation("Deux", "b@exemple.fr", withSIRET(siret(2)))).AllyID
	person := d.join(aPerson("c@exemple.fr")).AllyID
	_, form := d.preview(kept, duplicate)
	d.patch(http.StatusOK, d.session("b@exemple.fr"), `{"person":{"role":"élue"}}`)
	if _, page := d.post(http.StatusConflict, "/equipe/allies/"+kept+"/fusion", form); !strings.Contains(page, "relisez-le") {
		t.Errorf("%s", page)
	}
	for other, want := range map[string]int{kept: http.StatusConflict, person: http.StatusConflict, "ally_0": http.StatusNotFound} {
		d.page(want, "/equipe/allies/"+kept+"/fusion?avec="+other)
	}
	if got := len(d.lines("")); got != 3 || len(d.Dump(function.Audit)) != 0 {
		t.Errorf("%d signatures left", got)
	}
	_, form = d.preview(kept, duplicate)
	d.post(http.StatusSeeOther, "/equipe/allies/"+kept+"/fusion", form)
	if leads, _ := d.post(http.StatusSeeOther, "/equipe/allies/"+kept+"/fusion", form); leads != "/equipe/allies/"+kept+"?fait=fusionnee" { // posted twice
		t.Errorf("the second leads to %s", leads)
	}
	if _, leads, _ := d.Page(d.running, d.browser, "/equipe/allies/"+duplicate, nil); leads != "/equipe/allies/"+kept {
		t.Errorf("the duplicate leads to %q", leads)
	}
	d.page(http.StatusNotFound, "/equipe/allies/ally_0")
	d.post(http.StatusNotFound, "/equipe/allies/"+person+"/fusion", form) // into another, which it did not join
	if d.count() != (count{1, 1}) || len(d.facts("ally.left.v2")) != 1 {
		t.Errorf("merged twice: %v", d.count())
	}
}

// TestCorrectingWhileMerging: whenever either of the two is corrected, the
// correction stays, or was made of what is gone and refused.
func TestCorrectingWhileMerging(t *testing.T) {
	t.Parallel()
	const website = "https://corrige.example"
	for _, corrected := range []string{"kept", "duplicate"} {
		for number := 1; ; number++ {
			d := newDesk(t, auth.RoleTeam)
			ids := map[string]string{
				"kept":      d.join(anOrganisation("Une", "a@exemple.fr", withSIRET(siret(1)))).AllyID,
				"duplicate": d.join(anOrganisation("Deux", "b@exemple.fr", withSIRET(siret(2)))).AllyID,
			}
			ctx, beside := auth.WithMember(context.Background(), d.browser.Member), d.beside()
			reached, done := false, false
			d.during(number, func() {
				reached = true
				g, err := beside.signatureOf(ctx, ids[corrected])
				if err != nil {
					return // merged by then
				}
				text, faults := website, fault.Fields{}
				if err := beside.correct(ctx, g, change{Organisation: &organisationChange{Website: &text}}, &faults); err != nil {
					t.Error(err)
				}
				done = true
			})
			err := d.service.merge(ctx, ids["kept"], ids["duplicate"], "0-0")
			d.Faults(nil)
			if !reached {
				break
			}
			g, readErr := d.service.signatureOf(ctx, ids["kept"])
			if readErr != nil {
				t.Fatal(readErr)
			}
			if err == nil && done && g.ally.Website != website {
				t.Errorf("call %d: the correction of the %s is lost", number, corrected)
			}
			if err != nil && !fault.Is(err, "changed-meanwhile") {
				t.Errorf("call %d: %v", number, err)
			}
		}
	}
}

// TestMergingAtOnceBothWays leaves one of the two, never none.
func TestMergingAtOnceBothWays(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	a := d.join(anOrganisation("Une", "a@exemple.fr", withSIRET(siret(1)))).AllyID
	b := d.join(anOrganisation("Deux", "b@exemple.fr", withSIRET(siret(2)))).AllyID
	ctx := auth.WithMember(t.Context(), d.browser.Member)
	done := make(chan error, 2)
	for _, pair := range [][2]string{{a, b}, {b, a}} {
		go func() { done <- d.service.merge(ctx, pair[0], pair[1], "0-0") }()
	}
	first, second := <-done, <-done
	if (first == nil) == (second == nil) {
		t.Errorf("%v, %v", first, second)
	}
	if failed := errors.Join(first, second); !fault.Is(failed, "changed-meanwhile") && !fault.Is(failed, "unknown-ally") {
		t.Errorf("refused as %v", failed)
	}
	if got := d.lines(""); len(got) != 1 || d.count() != (count{Organisations: 1}) {
		t.Errorf("left %v, %v", got, d.count())
	}
}

// TestAMergerIsNoSilence: whoever signed the duplicate was here, so that
// neither the erasure that was announced nor the years before count any more.
func TestAMergerIsNoSilence(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]string{"the same person": "old@exemple.fr", "someone else of the organisation": "new@exemple.fr"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, auth.RoleTeam)
			kept := d.join(anOrganisation("Une", "old@exemple.fr", withSIRET(siret(1)))).AllyID
			began := d.Clock.Now()
			d.inYears(began, 3, -1, 0)
			d.applied() // they are told
			d.inYears(began, 3, 0, -1)
			duplicate := d.join(anOrganisation("Une aussi", second, withSIRET(siret(2)))).AllyID
			d.merge(kept, duplicate)
			d.inYears(began, 3, 0, 0)
			d.applied()
			d.Drain(d.running)
			if d.count() != (count{Organisations: 1}) {
				t.Fatal("erased, although somebody had just signed for it")
			}
			d.inYears(began, 6, -1, -2)
			const notice = "retention-notice old@exemple.fr"
			if got := templates(d.mails(d.applied)); slices.Contains(got, notice) {
				t.Error("told too early")
			}
			d.inYears(began, 6, -1, -1)
			if got := templates(d.mails(d.applied)); !slices.Contains(got, notice) {
				t.Errorf("the years do not run again: %v", got)
			}
		})
	}
}

// TestAnEarlierDuplicateChangesNoSilence: it says nothing of the years since.
func TestAnEarlierDuplicateChangesNoSilence(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	duplicate := d.join(anOrganisation("Une", "new@exemple.fr", withSIRET(siret(1)))).AllyID
	d.Clock.Advance(time.Hour)
	kept := d.join(anOrganisation("Une aussi", "old@exemple.fr", withSIRET(siret(2)))).AllyID
	began := d.Clock.Now()
	d.inYears(began, 3, -1, 0)
	d.applied()
	d.merge(kept, duplicate)
	d.inYears(began, 3, 0, 0)
	d.applied()
	d.Drain(d.running)
	if d.count() != (count{}) {
		t.Error("kept although nobody was here")
	}
}

// merge does what a preview that is read now says.
func (d *desk) merge(kept, duplicate string) {
	d.t.Helper()
	m, err := d.service.merger(d.t.Context(), kept, duplicate)
	if err == nil {
		err = d.service.merge(auth.WithMember(d.t.Context(), d.browser.Member), kept, duplicate, m.seen())
	}
	if err != nil {
		d.t.Fatal(err)
	}
}
