package bilan

import (
	"context"
	"fmt"
	"net/http"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/outline"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// accompaniedID is the figure whose elements the map shows.
const accompaniedID = "territories.accompanied"

// territories are those accompanied in a year that is not published, by their
// names of today.
func (s *service) territories(ctx context.Context, year int) (list []report.Territory, err error) {
	f, known := s.figures.find(year, accompaniedID)
	if !known {
		return nil, nil
	}
	err = s.elements(ctx, f, year, nil, func(key dynamo.Key, _ element) bool {
		place := report.Territory{Code: key.SK, Name: key.SK}
		if found, err := territory.Lookup(key.SK); err == nil {
			place.Name = found.Name
		}
		list = append(list, place)
		return true
	})
	return list, err
}

func drawMap(list []report.Territory) outline.Map {
	places := make([]outline.Place, len(list))
	for i, t := range list {
		places[i] = outline.Place{Code: t.Code, Name: t.Name}
	}
	return outline.Draw(places)
}

// mapView is a map on its own page.
type mapView struct {
	Year  int
	Count int
	outline.Map
}

// mapPage shows the territories of a year. That of a published year has them
// in its report; those of another are read one by one, so the page of the year
// itself, which must cost no more than its figures, only leads here.
func (s *service) mapPage(w http.ResponseWriter, r *http.Request) error {
	year, err := s.parseYear(r.PathValue("year"))
	if err != nil {
		return err
	}
	bilan, err := s.report(r.Context(), year)
	if err != nil {
		return err
	}
	list := bilan.Territories
	if bilan.Status != report.Published {
		if list, err = s.territories(r.Context(), year); err != nil {
			return err
		}
	}
	return s.pages.Render(w, r, http.StatusOK, "territories", web.Page{
		Title: fmt.Sprintf("Territoires accompagnés en %d", year), Description: "Les territoires des cohortes et des accompagnements expérimentaux de l’année.", Data: mapView{year, len(list), drawMap(list)},
	})
}
