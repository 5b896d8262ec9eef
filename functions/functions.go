// Package functions lists every function of the platform. Both hosts are
// built from this list, and so are the OpenAPI document and the table of routes.
package functions

import (
	"github.com/fabrique-des-transitions/fabrique/functions/registration"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// All is the one list.
var All = []*function.Function{
	registration.Function,
}
