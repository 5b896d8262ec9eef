package cohort

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// cohortFields are those of the search of cohorts.
var cohortFields = []string{"q", "programme", "scale", "region", "etat"}

// callOptions are the statuses of a cohort, in the order of its life.
var callOptions = []web.Option{
	{Value: announced, Label: "Annoncées"}, {Value: openCall, Label: "Candidatures ouvertes"}, {Value: closedNow, Label: "Candidatures closes"},
	{Value: running, Label: "En cours"}, {Value: ended, Label: "Terminées"},
}

// callLabels are the statuses of one cohort.
var callLabels = map[string]string{
	announced: "Annoncée", openCall: "Candidatures ouvertes", closedNow: "Candidatures closes", running: "En cours", ended: "Terminée",
}

// cohortSearch is what the team's list of cohorts is narrowed by.
type cohortSearch struct {
	words             []string // each in the name or the programme
	programme, region string
	scale             Scale
	state             string
}

// readCohortSearch reads the search. programmes are those that there are.
func readCohortSearch(values url.Values, programmes []web.Option) (search cohortSearch, faults fault.Fields) {
	search = cohortSearch{territory.Words(values.Get("q")), values.Get("programme"), values.Get("region"), Scale(values.Get("scale")), values.Get("etat")}
	for _, choice := range []struct {
		field   string
		options []web.Option
		say     string
	}{
		{"programme", programmes, "Choisissez un programme de la liste."}, {"scale", scaleOptions, "Choisissez une échelle de la liste."},
		{"region", regionOptions(), "Choisissez une région de la liste."}, {"etat", callOptions, "Choisissez un état de la liste."},
	} {
		value := values.Get(choice.field)
		if value != "" && !slices.ContainsFunc(choice.options, func(o web.Option) bool { return o.Value == value }) {
			faults.Add(choice.field, choice.say)
		}
	}
	return search, faults
}

func (q cohortSearch) keeps(item cohortItem, status string) bool {
	return (q.programme == "" || item.Programme == q.programme) && (q.scale == "" || item.Scale == q.scale) &&
		(q.region == "" || item.Region == q.region) && (q.state == "" || status == q.state) &&
		territory.HasWords(item.Name+" "+item.Programme, q.words)
}

func regionOptions() (options []web.Option) {
	for region := range territory.All(territory.Region) {
		options = append(options, web.Option{Value: region.Code, Label: region.Name})
	}
	return options
}

// programmesOf are the programmes of which cohorts are part, each once.
func programmesOf(items []cohortItem) (options []web.Option) {
	var names []string
	for _, item := range items {
		names = append(names, item.Programme)
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(territory.Fold(a)+a, territory.Fold(b)+b) })
	for _, name := range slices.Compact(names) {
		options = append(options, web.Option{Value: name, Label: name})
	}
	return options
}

// everyCohort reads all cohorts, the latest start first: some ten a year.
func (s *service) everyCohort(ctx context.Context) (items []cohortItem, err error) {
	err = s.cohorts.Index(ctx, "cohorts", expression.Key("list").Equal(expression.Value(partnership.AllCohorts)), true, func(attributes map[string]types.AttributeValue) error {
		var item cohortItem
		err := attributevalue.UnmarshalMap(attributes, &item)
		items = append(items, item)
		return err
	})
	return items, err
}

// foundCohorts are the cohorts that a search keeps, and what it can ask for.
type foundCohorts struct {
	items      []cohortItem
	programmes []web.Option
}

// findCohorts returns what the search of an address keeps, or its faults.
func (s *service) findCohorts(ctx context.Context, values url.Values) (found foundCohorts, err error) {
	all, err := s.everyCohort(ctx)
	if err != nil {
		return found, err
	}
	found.programmes = programmesOf(all)
	search, faults := readCohortSearch(values, found.programmes)
	if err := faults.Err(); err != nil {
		return found, err
	}
	for _, item := range all {
		if search.keeps(item, item.status(s.now())) {
			found.items = append(found.items, item)
		}
	}
	return found, nil
}

// placeField is what a cursor of this list carries: the place of the last
// cohort that was shown.
const placeField = "list_at"

// pageFrom is the page of some cohorts at a cursor, and the cursor after it.
func pageFrom(items []cohortItem, cursor string) (page []cohortItem, next string, err error) {
	start, err := dynamo.StartKey(cursor, placeField)
	if err != nil {
		return nil, "", err
	}
	if last, ok := start[placeField].(*types.AttributeValueMemberS); ok {
		items = slices.DeleteFunc(items, func(i cohortItem) bool { return i.ListAt >= last.Value })
	}
	if len(items) > defaultLimit {
		items = items[:defaultLimit]
		next, err = dynamo.Cursor(map[string]types.AttributeValue{placeField: &types.AttributeValueMemberS{Value: items[defaultLimit-1].ListAt}})
	}
	return items, next, err
}

type teamCohortsView struct {
	Cohorts                             []teamCohort
	Programmes, Scales, Regions, States []web.Option
	web.List
}

func (s *service) teamCohortsPage(w http.ResponseWriter, r *http.Request) error {
	values, status := r.URL.Query(), http.StatusOK
	found, err := s.findCohorts(r.Context(), values)
	var page []cohortItem
	var next string
	if err == nil {
		page, next, err = pageFrom(found.items, values.Get("cursor"))
	}
	form := web.Form{Values: values}
	if faults, wrong := web.SearchFaults(err, cohortFields); wrong {
		form.Faults, status = faults, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	view := teamCohortsView{
		Programmes: found.programmes, Scales: scaleOptions, Regions: regionOptions(), States: callOptions, List: web.NewList(teamCohorts, cohortFields, values, next),
	}
	if view.Cohorts, err = s.teamCohorts(r.Context(), page, false); err != nil {
		return err
	}
	return s.pages.Render(w, r, status, "team_cohorts", web.Page{Title: "Cohortes", Form: form, Data: view})
}

// teamCohorts are cohorts as the team sees them. Their territories are read of
// those with a partner, who may have enrolled some that hold no seat, or of all.
func (s *service) teamCohorts(ctx context.Context, items []cohortItem, whole bool) (found []teamCohort, err error) {
	if len(items) == 0 {
		return nil, nil
	}
	waiting, err := s.toDecide(ctx)
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		shown := item.shown(s.now(), nil, nil)
		if whole || item.Partner != "" {
			if shown, err = s.gather(ctx, item); err != nil {
				return nil, err
			}
		}
		found = append(found, teamCohort{cohortView: viewCohort(shown), Accepted: item.Accepted, ToDecide: waiting[item.Slug]})
	}
	return found, nil
}

var cohortsHeader = []string{
	"Identifiant", "Nom", "Programme", "État", "Échelle", "Code de la région", "Région", "Partenaire", "Places", "Places prises", "À décider",
	"Territoires accompagnés", "Premier jour des candidatures", "Dernier jour des candidatures", "Premier jour du parcours", "Dernier jour du parcours",
}

func cohortRow(c teamCohort) []any {
	return []any{
		c.Slug, c.Name, c.Programme, callLabels[c.Status], c.ScaleLabel, c.Region, c.RegionName, c.PartnerLabel, c.Seats, c.Accepted, c.ToDecide,
		len(c.Territories), spreadsheet.Day(c.OpensOn), spreadsheet.Day(c.ClosesOn), spreadsheet.Day(c.StartsOn), spreadsheet.Day(c.EndsOn),
	}
}

func (s *service) cohortsCSV(w http.ResponseWriter, r *http.Request) error {
	return s.exportCohorts(w, r, spreadsheet.CSV)
}

func (s *service) cohortsXLSX(w http.ResponseWriter, r *http.Request) error {
	return s.exportCohorts(w, r, spreadsheet.XLSX)
}

// exportCohorts answers all that the search keeps; a wrong one is shown again
// as the list does.
func (s *service) exportCohorts(w http.ResponseWriter, r *http.Request, format spreadsheet.Format) error {
	values := r.URL.Query()
	found, err := s.findCohorts(r.Context(), values)
	if _, wrong := web.SearchFaults(err, cohortFields); wrong {
		return s.teamCohortsPage(w, r)
	}
	if err != nil {
		return err
	}
	all, err := s.teamCohorts(r.Context(), found.items, true)
	if err != nil {
		return err
	}
	return spreadsheet.Sheet{Name: "cohortes", Header: cohortsHeader, Filter: spreadsheet.FilterOf(values, cohortFields), Rows: spreadsheet.List(all, cohortRow)}.Export(w, r, format, s.audit)
}
