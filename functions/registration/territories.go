package registration

import (
	"errors"
	"net/http"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

type territoryQuery struct {
	Q     string `query:"q" doc:"Part of a name, or a code; accents and hyphens do not matter"`
	Level string `query:"level" doc:"commune, epci, departement or region"`
	Limit int    `query:"limit" doc:"At most 100, 20 by default"`
}

type levelQuery struct {
	Level string `query:"level" doc:"Tells a region from the département of the same code"`
}

type territoryAnswer struct {
	Code        string          `json:"code"`
	Name        string          `json:"name"`
	Level       territory.Level `json:"level" enum:"commune,epci,departement,region"`
	Departement string          `json:"departement,omitempty" doc:"Official code"`
	Region      string          `json:"region,omitempty" doc:"Official code"`
	Vintage     string          `json:"vintage" doc:"Year of the official geography"`
	Successor   string          `json:"successor,omitempty" doc:"Code of today's commune, for an old one"`
}

type territoryPage struct {
	Items []territoryAnswer `json:"items"`
}

func answerTerritory(t territory.Territory) territoryAnswer {
	return territoryAnswer{
		Code: t.Code, Name: t.Name, Level: t.Level, Departement: t.Departement, Region: t.Region, Vintage: territory.Vintage,
	}
}

// A day: the geography changes once a year, with a deployment.
const geographyCache = "public, max-age=86400"

func (s *service) getTerritories(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	var faults fault.Fields
	query, limit := line(values.Get("q")), readLimit(values, defaultLimit, &faults)
	level := readLevel(values.Get("level"), &faults)
	if query == "" {
		faults.Add("query.q", "Saisissez le début d’un nom ou d’un code.")
	} else if len(query) > maxQuery {
		faults.Add("query.q", "Raccourcissez votre recherche.")
	}
	if err := faults.Err(); err != nil {
		return err
	}
	page := territoryPage{Items: []territoryAnswer{}}
	for _, found := range territory.Search(query, level, limit) {
		page.Items = append(page.Items, answerTerritory(found))
	}
	w.Header().Set("Cache-Control", geographyCache)
	return web.JSON(w, http.StatusOK, page)
}

func (s *service) getTerritory(w http.ResponseWriter, r *http.Request) error {
	var faults fault.Fields
	level := readLevel(r.URL.Query().Get("level"), &faults)
	if err := faults.Err(); err != nil {
		return err
	}
	match, err := territory.LookupLevel(r.PathValue("code"), level)
	if err != nil {
		return unknownCode(err)
	}
	answer := answerTerritory(match.Territory)
	if match.Successor != nil {
		answer.Successor = match.Successor.Code
	}
	w.Header().Set("Cache-Control", geographyCache)
	return web.JSON(w, http.StatusOK, answer)
}

func unknownCode(err error) error {
	f := fault.New(fault.NotFound, "unknown-territory", territory.Advice(err))
	var unknown *territory.UnknownError
	if errors.As(err, &unknown) {
		for _, t := range unknown.Suggestions {
			f.Suggestions = append(f.Suggestions, fault.Suggestion{Code: t.Ref(), Name: t.Name})
		}
	}
	return f
}

func readLevel(text string, faults *fault.Fields) territory.Level {
	level := territory.Level(text)
	if text != "" && !level.Valid() {
		faults.Add("query.level", "Choisissez commune, epci, departement ou region.")
	}
	return level
}
