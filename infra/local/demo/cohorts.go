package demo

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

//go:embed cohorts.json
var cohorts []byte

// openCohort is a cohort whose days are counted from today, and what its
// partner has posted.
type openCohort struct {
	Cohort      map[string]any `json:"cohort"`
	OpensIn     int            `json:"opens_in"`
	ClosesIn    int            `json:"closes_in"`
	StartsIn    int            `json:"starts_in"`
	EndsIn      int            `json:"ends_in"`
	Territories []string       `json:"territories"`
}

// openCohorts opens the cohorts as the team does, and posts their territories
// as their partners do.
func (c caller) openCohorts(now time.Time) error {
	var all []openCohort
	if err := json.Unmarshal(cohorts, &all); err != nil {
		return err
	}
	team, err := c.asTeam()
	if err != nil {
		return err
	}
	for _, o := range all {
		for name, days := range map[string]int{"opens_on": o.OpensIn, "closes_on": o.ClosesIn, "starts_on": o.StartsIn, "ends_on": o.EndsIn} {
			o.Cohort[name] = now.AddDate(0, 0, days).Format(time.DateOnly)
		}
		if err := team.call(http.MethodPost, "/v1/cohorts", o.Cohort, nil); err != nil {
			return err
		}
		if len(o.Territories) > 0 {
			if err := c.postSnapshot(o.Cohort, o.Territories, now.AddDate(0, 0, o.StartsIn).Format(time.DateOnly), now); err != nil {
				return err
			}
		}
	}
	return nil
}

// postSnapshot posts the territories of a cohort, signed by its partner.
func (c caller) postSnapshot(cohort map[string]any, codes []string, enrolledOn string, now time.Time) error {
	partner, _ := cohort["partner"].(string)
	var said struct{ Secret string }
	if err := c.get("/_dev/partners/"+partner, &said); err != nil {
		return err
	}
	key, err := standardwebhooks.NewWebhook(said.Secret)
	if err != nil {
		return err
	}
	var territories []map[string]string
	for _, code := range codes {
		territories = append(territories, map[string]string{"territory": code, "enrolled_on": enrolledOn})
	}
	message := map[string]any{"type": "cohort.snapshot", "timestamp": now.UTC().Add(-time.Hour).Format(time.RFC3339),
		"data": map[string]any{"cohort": cohort["slug"], "territories": territories}}
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	id := fmt.Sprintf("msg_%s_%d", cohort["slug"], now.Unix())
	signature, err := key.Sign(id, now, body)
	if err != nil {
		return err
	}
	c.headers = map[string]string{"webhook-id": id, "webhook-timestamp": strconv.FormatInt(now.Unix(), 10), "webhook-signature": signature}
	return c.post("/v1/webhooks/"+partner, message, nil)
}
