package registration

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

type territoryQuery struct {
	Q     string `query:"q" doc:"Part of a name, or a code; accents and hyphens do not matter"`
	Level string `query:"level" doc:"commune, epci, departement or region"`
	Limit int    `query:"limit" doc:"At most 100, 20 by default"`

	Cursor string `query:"cursor" doc:"next_cursor of the page before"`
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
	Items      []territoryAnswer `json:"items"`
	NextCursor string            `json:"next_cursor,omitempty"`
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
	shown, err := shownBefore(values.Get("cursor"))
	if err != nil {
		return err
	}
	page := territoryPage{Items: []territoryAnswer{}}
	found := territory.Search(query, level, shown+limit+1)
	for _, one := range found[min(shown, len(found)):min(shown+limit, len(found))] {
		page.Items = append(page.Items, answerTerritory(one))
	}
	if len(found) > shown+limit {
		if page.NextCursor, err = dynamo.Cursor(map[string]types.AttributeValue{
			shownField: &types.AttributeValueMemberS{Value: strconv.Itoa(shown + limit)},
		}); err != nil {
			return err
		}
	}
	w.Header().Set("Cache-Control", geographyCache)
	return web.JSON(w, http.StatusOK, page)
}

// shownField is what a cursor of this list carries: how many were shown. The
// geography is in the binary, so that places in its order do not move.
const shownField = "shown"

// maxShown is more than there are territories.
const maxShown = 100_000

func shownBefore(cursor string) (int, error) {
	start, err := dynamo.StartKey(cursor, shownField)
	if err != nil || start == nil {
		return 0, err
	}
	shown, err := strconv.Atoi(start[shownField].(*types.AttributeValueMemberS).Value)
	if err != nil || shown < 1 || shown > maxShown {
		return 0, dynamo.BadCursor()
	}
	return shown, nil
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
