// Command lambda is the bootstrap of the function cohort on AWS Lambda.
package main

import (
	"github.com/fabrique-des-transitions/fabrique/functions/cohort"
	"github.com/fabrique-des-transitions/fabrique/shared/lambdahost"
)

func main() { lambdahost.Start(cohort.Function) }
