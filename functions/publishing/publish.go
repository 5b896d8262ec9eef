package publishing

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
)

// publication is the fact that a resource was published, and what it is
// (events/resource.published.v1.schema.json).
type publication struct {
	ResourceID   string `json:"resource_id"`
	Slug         string `json:"slug"`
	Kind         Kind   `json:"kind"`
	Language     string `json:"language"`
	Fundamentals []int  `json:"fundamentals"`
	Dimensions   []int  `json:"narrative_dimensions"`
	Series       string `json:"series,omitempty"`
	Cohort       string `json:"cohort,omitempty"`
	PublishedOn  string `json:"published_on"`
	Corrects     string `json:"corrects,omitempty"`
}

// withdrawal is the fact that it was taken away.
type withdrawal struct {
	ResourceID string `json:"resource_id"`
	Slug       string `json:"slug"`
}

func (i resourceItem) publication() publication {
	return publication{
		ResourceID: i.ID, Slug: i.Slug, Kind: i.Kind, Language: i.Language, Fundamentals: append([]int{}, i.Fundamentals...),
		Dimensions: append([]int{}, i.Dimensions...), Series: i.Series, Cohort: i.Cohort, PublishedOn: i.PublishedOn,
	}
}

// addFacts adds what the ledger must know of a change: a first publication, or
// one after a withdrawal; another word on what a fact has said; a withdrawal.
func (s *service) addFacts(writes *dynamo.Writes, old resourceItem, item *resourceItem) {
	now := s.now()
	switch {
	case item.State == published:
		fact := item.publication()
		if old.State == published {
			if reflect.DeepEqual(fact, old.publication()) {
				return
			}
			fact.Corrects = old.Fact
		}
		item.Fact = s.newID("fact")
		writes.Add(ledger.Append(s.ledger, ledger.New(item.Fact, "publishing", "resource.published.v1", item.Slug, publishedAt(item.PublishedOn, now), fact), now))
	case item.State == withdrawn && old.State == published:
		writes.Add(ledger.Append(s.ledger, ledger.New(s.newID("fact"), "publishing", "resource.withdrawn.v1", item.Slug, now,
			withdrawal{item.ID, item.Slug}), now))
	}
}

// publishedAt is when a resource of this day came out: now, if that is today
// in Paris; noon of the day for one that came out elsewhere before, so that
// its fact stands in the year in which it did.
func publishedAt(day string, now time.Time) time.Time {
	at, err := time.ParseInLocation(time.DateOnly, day, french.Paris())
	if err != nil || day == now.In(french.Paris()).Format(time.DateOnly) {
		return now
	}
	return at.Add(12 * time.Hour)
}

func (s *service) postPublication(w http.ResponseWriter, r *http.Request) error {
	item, err := s.publish(r.Context(), r.PathValue("slug"), r.Header.Get("If-Match"))
	return s.answer(w, item, err)
}

func (s *service) postWithdrawal(w http.ResponseWriter, r *http.Request) error {
	item, err := s.withdraw(r.Context(), r.PathValue("slug"), r.Header.Get("If-Match"))
	return s.answer(w, item, err)
}

// publish lets everyone read a resource, from today unless its day is said.
// Again, it changes nothing.
func (s *service) publish(ctx context.Context, slug, ifMatch string) (resourceItem, error) {
	return s.move(ctx, slug, ifMatch, published, func(item *resourceItem) error {
		if item.PublishedOn == "" {
			item.PublishedOn = s.now().In(french.Paris()).Format(time.DateOnly)
		}
		var faults fault.Fields
		s.checkPublishable(*item, &faults)
		return faults.Err()
	})
}

// checkPublishable notes what keeps a resource from being published.
func (s *service) checkPublishable(item resourceItem, faults *fault.Fields) {
	if item.Body == "" && item.Summary == "" && item.URL == "" && item.Audio == nil {
		faults.Add("body", "Écrivez un texte, ou indiquez une adresse ou un enregistrement.")
	}
	switch today := s.now().In(french.Paris()).Format(time.DateOnly); {
	case item.PublishedOn == "":
		faults.Add("published_on", "Une ressource publiée a un jour de publication.")
	case item.PublishedOn > today:
		faults.Add("published_on", "Le jour de publication ne peut pas être à venir.")
	}
}

// withdraw takes a resource away from readers; harvesters learn that it was
// deleted. A draft is put away. Again, it changes nothing.
func (s *service) withdraw(ctx context.Context, slug, ifMatch string) (resourceItem, error) {
	return s.move(ctx, slug, ifMatch, withdrawn, func(*resourceItem) error { return nil })
}

func (s *service) move(ctx context.Context, slug, ifMatch, state string, prepare func(*resourceItem) error) (resourceItem, error) {
	for range rounds {
		old, err := s.resource(ctx, slug)
		if err != nil {
			return old, err
		}
		if old.State == state {
			return old, nil
		}
		if err := s.stale(ctx, old, ifMatch); err != nil {
			return old, err
		}
		item := old
		item.State = state
		if err := prepare(&item); err != nil {
			return old, err
		}
		made, again, err := s.advance(ctx, old, item, state)
		if !again {
			return made, err
		}
	}
	return resourceItem{}, errBusy
}
