package demo

import (
	_ "embed"
	"encoding/json"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
)

//go:embed 2023/cohorts.json
var cohorts2023 []byte

// cohortOfYear is a cohort that territories apply to, or that its partner fills.
type cohortOfYear struct {
	Cohort     map[string]any `json:"cohort"`
	DecidedOn  string         `json:"decided_on"`
	Applicants []string       `json:"applicants"`
	EnrolledOn string         `json:"enrolled_on"`
	Posted     []string       `json:"posted"`
}

// accompany notes the cohorts of a year.
func (d *diary) accompany(c *crowd) error {
	var year struct {
		Cohorts []cohortOfYear `json:"cohorts"`
	}
	if err := json.Unmarshal(cohorts2023, &year); err != nil {
		return err
	}
	for _, o := range year.Cohorts {
		slug, opens := o.Cohort["slug"].(string), o.Cohort["opens_on"].(string)
		d.note(moment(opens, 8), func(c caller) error { return c.byTeam("/v1/cohorts", o.Cohort, nil) })
		if o.EnrolledOn != "" {
			at := moment(o.EnrolledOn, 11)
			d.note(at, func(c caller) error { return c.postSnapshot(o.Cohort, o.Posted, o.EnrolledOn, at) })
		}
		if len(o.Applicants) == 0 {
			continue
		}
		applications := make([]application, len(o.Applicants))
		for i, code := range o.Applicants {
			applications[i] = c.application(code)
		}
		d.note(moment(opens, 14), func(c caller) error {
			return each(places(applications), func(i int) error { return c.apply(slug, &applications[i]) })
		})
		d.note(moment(opens, 18), func(c caller) error { return c.confirm(applications) })
		d.note(moment(o.DecidedOn, 16), func(c caller) error {
			return each(applications, func(a application) error {
				return c.byTeam("/v1/applications/"+a.id+"/decision", map[string]string{"decision": "accepted"}, nil)
			})
		})
	}
	return nil
}

// application is what a territory sends, and the id that it gets.
type application struct {
	Territory  string                      `json:"territory"`
	Motivation string                      `json:"motivation"`
	Quartet    map[alliance.Role]applicant `json:"quartet"`

	id string
}

// applicant is one of the four.
type applicant struct {
	GivenName    string `json:"given_name"`
	FamilyName   string `json:"family_name"`
	Email        string `json:"email"`
	Organisation string `json:"organisation"`
}

// application is that of a territory, by four people who do not exist.
func (c *crowd) application(code string) application {
	a := application{Territory: code, Quartet: map[alliance.Role]applicant{},
		Motivation: "Nous voulons apprendre à conduire le changement ensemble, avec nos habitant·es et nos services."}
	for _, role := range alliance.Quartet {
		p := c.person("territoire.example")
		a.Quartet[role] = applicant{p.GivenName, p.FamilyName, p.Email, pick(c, c.PlaceBeginnings) + pick(c, c.PlaceEndings)}
	}
	return a
}

func (c caller) apply(cohort string, a *application) error {
	var answer struct {
		ID string `json:"application_id"`
	}
	err := c.post("/v1/cohorts/"+cohort+"/applications", a, &answer)
	a.id = answer.ID
	return err
}

// confirm lets the four of each application confirm from their mails.
func (c caller) confirm(applications []application) error {
	if err := c.settle(); err != nil {
		return err
	}
	return each(applications, func(a application) error {
		for _, role := range alliance.Quartet {
			link, err := c.linkFor(a.Quartet[role].Email, "/candidatures/")
			if err != nil {
				return err
			}
			token := map[string]string{"token": link.Query().Get("token")}
			if err := c.post("/v1/applications/"+a.id+"/confirm", token, nil); err != nil {
				return err
			}
		}
		return nil
	})
}
