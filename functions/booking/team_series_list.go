package booking

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// seriesFields are those of the search of series.
var seriesFields = []string{"q", "kind", "etat"}

// The states of a series.
const (
	seriesAhead  = "a-venir"
	seriesActive = "en-cours"
	seriesEnded  = "termines"
)

var seriesStates = []web.Option{{Value: seriesActive, Label: "En cours"}, {Value: seriesAhead, Label: "À venir"}, {Value: seriesEnded, Label: "Terminés"}}

// listedSeries is a series with the words that its page shows.
type listedSeries struct {
	series
	KindLabel string
	From, To  time.Time
	State     string
}

func viewSeries(of series, today string) listedSeries {
	view := listedSeries{series: of, KindLabel: kindLabel(of.Kind), State: seriesActive}
	switch {
	case of.ActiveTo != "" && of.ActiveTo < today:
		view.State = seriesEnded
	case of.ActiveFrom > today:
		view.State = seriesAhead
	}
	view.From, _ = time.ParseInLocation(time.DateOnly, of.ActiveFrom, french.Paris()) // days were checked before they were stored
	view.To, _ = time.ParseInLocation(time.DateOnly, of.ActiveTo, french.Paris())
	return view
}

// Ended tells whether it is over.
func (l listedSeries) Ended() bool { return l.State == seriesEnded }

// place is where a series stands in the list.
func (l listedSeries) place() string { return l.ActiveFrom + "#" + l.Slug }

// findSeries returns what the search of an address keeps, the latest begun
// first, or its faults.
func (s *service) findSeries(ctx context.Context, values url.Values) (found []listedSeries, err error) {
	var faults fault.Fields
	kind, state := values.Get("kind"), values.Get("etat")
	if kind != "" && !web.Offers(seriesKinds, kind) {
		faults.Add("kind", "Choisissez entre chantier et communauté apprenante.")
	}
	if state != "" && !web.Offers(seriesStates, state) {
		faults.Add("etat", "Choisissez un état de la liste.")
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	all, err := s.everySeries(ctx)
	words, today := territory.Words(values.Get("q")), s.now().In(french.Paris()).Format(time.DateOnly)
	for _, one := range slices.Backward(all) {
		view := viewSeries(one, today)
		if (kind == "" || string(view.Kind) == kind) && (state == "" || view.State == state) && territory.HasWords(view.Name, words) {
			found = append(found, view)
		}
	}
	return found, err
}

type seriesListView struct {
	Series        []listedSeries
	Kinds, States []web.Option
	web.List
	Done string
}

func (s *service) seriesPage(w http.ResponseWriter, r *http.Request) error {
	values, status, next := r.URL.Query(), http.StatusOK, ""
	form := web.Form{Values: values}
	found, err := s.findSeries(r.Context(), values)
	if err == nil {
		found, next, err = seriesFrom(found, values.Get("cursor"))
	}
	if faults, wrong := web.SearchFaults(err, seriesFields); wrong {
		form.Faults, status = faults, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	view := seriesListView{
		Series: found, Kinds: seriesKinds, States: seriesStates, Done: values.Get("fait"), List: web.NewList(teamSeries, seriesFields, values, next),
	}
	return s.pages.Render(w, r, status, "team_series", web.Page{Title: "Chantiers et communautés apprenantes", Form: form, Data: view})
}

// seriesFrom is the page of some series at a cursor, and the cursor after it.
func seriesFrom(all []listedSeries, cursor string) (page []listedSeries, next string, err error) {
	start, err := dynamo.StartKey(cursor, placeField)
	if err != nil {
		return nil, "", err
	}
	if last, ok := start[placeField].(*types.AttributeValueMemberS); ok {
		all = slices.DeleteFunc(all, func(l listedSeries) bool { return l.place() >= last.Value })
	}
	if len(all) > defaultLimit {
		all = all[:defaultLimit]
		next, err = placeCursor(all[defaultLimit-1].place())
	}
	return all, next, err
}

// placeCursor is the cursor after the place of the last that was shown.
func placeCursor(place string) (string, error) {
	return dynamo.Cursor(map[string]types.AttributeValue{placeField: &types.AttributeValueMemberS{Value: place}})
}

func (s *service) seriesCSV(w http.ResponseWriter, r *http.Request) error {
	return s.exportSeries(w, r, spreadsheet.CSV)
}

func (s *service) seriesXLSX(w http.ResponseWriter, r *http.Request) error {
	return s.exportSeries(w, r, spreadsheet.XLSX)
}

// exportSeries answers all that the search keeps; a wrong one is shown again
// as the list does.
func (s *service) exportSeries(w http.ResponseWriter, r *http.Request, format spreadsheet.Format) error {
	values := r.URL.Query()
	found, err := s.findSeries(r.Context(), values)
	if _, wrong := web.SearchFaults(err, seriesFields); wrong {
		return s.seriesPage(w, r)
	}
	if err != nil {
		return err
	}
	return spreadsheet.Sheet{
		Name: "chantiers-et-communautes", Header: []string{"Identifiant", "Sorte", "Nom", "État", "Premier jour", "Dernier jour"},
		Filter: spreadsheet.FilterOf(values, seriesFields),
		Rows: spreadsheet.List(found, func(l listedSeries) []any {
			return []any{l.Slug, l.KindLabel, l.Name, web.LabelOf(seriesStates, l.State), spreadsheet.Day(l.ActiveFrom), spreadsheet.Day(l.ActiveTo)}
		}),
	}.Export(w, r, format, s.audit)
}
