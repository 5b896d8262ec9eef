package booking

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// series is a workshop group or a learning community.
type series struct {
	Kind       Kind   `json:"kind" enum:"workshop,community"`
	Slug       string `json:"slug"`
	Name       string `json:"name" maxLength:"200"`
	ActiveFrom string `json:"active_from" format:"date"`
	ActiveTo   string `json:"active_to,omitempty" format:"date"`
}

// agendaSeries is the partition of the index "agenda" that holds series.
const agendaSeries = "series"

func (in *series) check(faults *fault.Fields) {
	if in.Kind != Workshop && in.Kind != Community {
		faults.Add("kind", "Choisissez workshop ou community.")
	}
	if in.Slug == "" {
		faults.Add("slug", "Saisissez un identifiant, comme recits-de-territoire.")
	}
	alliance.CheckSlug(faults, "slug", in.Slug)
	in.Name = strings.TrimSpace(in.Name)
	alliance.CheckText(faults, "name", in.Name, maxTitle, "Saisissez un nom.")
	from, fromErr := time.Parse(time.DateOnly, in.ActiveFrom)
	if fromErr != nil {
		faults.Add("active_from", "Indiquez un jour, comme 2026-02-03.")
	}
	if in.ActiveTo == "" {
		return
	}
	to, err := time.Parse(time.DateOnly, in.ActiveTo)
	switch {
	case err != nil:
		faults.Add("active_to", "Indiquez un jour, comme 2026-12-31.")
	case fromErr == nil && to.Before(from):
		faults.Add("active_to", "La fin doit venir après le début.")
	}
}

func (s *service) postSeries(w http.ResponseWriter, r *http.Request) error {
	var in series
	var faults fault.Fields
	if _, err := web.Decode(r, &in, &faults); err != nil {
		return err
	}
	in.check(&faults)
	if err := faults.Err(); err != nil {
		return err
	}
	item := seriesItem{Key: seriesKey(in.Slug), Slug: in.Slug, Kind: in.Kind, Name: in.Name,
		ActiveFrom: in.ActiveFrom, ActiveTo: in.ActiveTo, Agenda: agendaSeries, AgendaAt: in.ActiveFrom + "#" + in.Slug}
	// The slug makes the request happen once: again, it finds the same series.
	same := dynamo.Absent.Or(item.sameAs())
	var writes dynamo.Writes
	writes.Add(s.table.Put(item, same))
	writes.Add(s.audit.Entry(r.Context(), "series.created", in.Slug, nil, in))
	exists := fault.New(fault.Conflict, "series-exists", "Une autre série porte déjà cet identifiant.")
	if err := refusedAs(writes.Commit(r.Context(), s.table.Client), exists); err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, in)
}

// checkSeries notes a series that does not exist.
func (s *service) checkSeries(ctx context.Context, slug string, faults *fault.Fields) error {
	if slug == "" || faults.Has("series") {
		return nil
	}
	var item seriesItem
	found, err := s.table.Get(ctx, seriesKey(slug), &item)
	if err == nil && !found {
		faults.Add("series", "Aucune série n’a cet identifiant.")
	}
	return err
}
