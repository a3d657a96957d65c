// Package audit describes the work an organisation already gives to models:
// tasks, their categories, what they cost, and the mix of them. It holds domain
// types and pure arithmetic on them. Reading log files belongs in audit/ingest,
// putting tasks into categories in audit/classify, storage in store, and
// whatever compares two models in eval.
package audit
