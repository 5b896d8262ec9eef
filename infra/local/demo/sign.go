package demo

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

type signing struct {
	Kind         string        `json:"kind"`
	Organisation *organisation `json:"organisation,omitempty"`
	Person       person        `json:"person"`
	Charter      acceptance    `json:"charter"`
	Consents     consents      `json:"consents"`
}

type acceptance struct {
	Version  string `json:"version"`
	Accepted bool   `json:"accepted"`
}

// signAll lets everyone sign on their day and confirm from their mail; all
// come in the order of their days.
func (c caller) signAll(all []ally, signed func(int)) error {
	var charter struct{ Version string }
	if err := c.get("/v1/charter", &charter); err != nil {
		return err
	}
	for len(all) > 0 {
		today := 1
		for today < len(all) && all[today].On == all[0].On {
			today++
		}
		if err := c.signOn(charter.Version, all[:today]); err != nil {
			return err
		}
		all = all[today:]
		signed(today)
	}
	return nil
}

// signOn has these people sign on one day.
func (c caller) signOn(version string, today []ally) error {
	morning, err := time.ParseInLocation(time.DateOnly, today[0].On, french.Paris())
	if err != nil {
		return err
	}
	if err := c.at(morning.Add(10 * time.Hour)); err != nil {
		return err
	}
	err = each(today, func(a ally) error {
		return c.post("/v1/registrations", signing{a.Kind, a.Organisation, a.Person, acceptance{version, true}, a.Consents}, nil)
	})
	if err != nil {
		return err
	}
	if err := c.settle(); err != nil {
		return err
	}
	if err := each(today, c.confirm); err != nil {
		return err
	}
	return c.forgetMails()
}

// confirm follows the link of the mail that came.
func (c caller) confirm(a ally) error {
	token, err := c.tokenFor(a.Person.Email, "/rejoindre/confirmer")
	if err != nil {
		return err
	}
	return c.post("/v1/registrations/confirm", map[string]string{"token": token}, nil)
}

// tokenFor is the token of the link to a page, in the mails to somebody.
func (c caller) tokenFor(email, page string) (string, error) {
	var mails []struct{ Links []string }
	if err := c.get("/_dev/mail?to="+url.QueryEscape(email), &mails); err != nil {
		return "", err
	}
	for _, mail := range mails {
		for _, link := range mail.Links {
			address, err := url.Parse(link)
			if err == nil && strings.HasPrefix(address.Path, page) {
				return address.Query().Get("token"), nil
			}
		}
	}
	return "", fmt.Errorf("%d mails came and none has a link to %s", len(mails), page)
}
