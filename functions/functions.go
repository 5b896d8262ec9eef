// Package functions lists every function of the platform. Both hosts are
// built from this list, and so are the OpenAPI document and the table of routes.
package functions

import (
	"github.com/fabrique-des-transitions/fabrique/functions/bilan"
	"github.com/fabrique-des-transitions/fabrique/functions/booking"
	"github.com/fabrique-des-transitions/fabrique/functions/cohort"
	"github.com/fabrique-des-transitions/fabrique/functions/notify"
	"github.com/fabrique-des-transitions/fabrique/functions/partner"
	"github.com/fabrique-des-transitions/fabrique/functions/publishing"
	"github.com/fabrique-des-transitions/fabrique/functions/registration"
	"github.com/fabrique-des-transitions/fabrique/functions/site"
	"github.com/fabrique-des-transitions/fabrique/functions/team"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

//go:generate go run ../infra/openapi

// All is the one list.
var All = []*function.Function{
	notify.Function,
	registration.Function,
	booking.Function,
	cohort.Function,
	partner.Function,
	publishing.Function,
	team.Function,
	bilan.Function,
	site.Function,
}
