/* SPDX-License-Identifier: Apache-2.0 */
/* Every maximum of the program, in one table. Reaching one is ERR_LIMIT with the name of the
 * limit. */
#ifndef BASE_BOUNDS_H
#define BASE_BOUNDS_H

enum {
	KIB = 1024,
	MIB = 1024 * 1024,

	BOUND_YAML_BYTES = 32 * MIB,   /* one input file */
	BOUND_YAML_DEPTH = 100,        /* nesting; libyaml is quadratic in flow nesting */
	BOUND_YAML_NODES = 4000000,    /* after alias expansion, one file */
	BOUND_OBJECT_BYTES = 64 * MIB, /* JSON of one object */
	BOUND_INPUT_FILES = 10000,
	BOUND_JSON_BYTES = 4 * MIB, /* image documents */
	BOUND_JSON_DEPTH = 64,
	BOUND_OBJECTS = 100000,    /* documents of all input files */
	BOUND_TASKS = 20000,       /* pipeline tasks of one pipeline */
	BOUND_STEPS = 1000,        /* steps of one task */
	BOUND_PIPELINE_DEPTH = 16, /* pipelines in pipelines */
	BOUND_CHILD_TASKS = 40000, /* pipeline tasks of all pipelines inside one run */
	BOUND_CHILD_RUNS = 65536,  /* PipelineRuns inside one run */
	BOUND_MATRIX = 256, /* combinations; Tekton's default-max-matrix-combinations-count */
	BOUND_MATRIX_PARAMS = 1024,        /* of a matrix and its include entries together */
	BOUND_PARAM_DEPTH = 10,            /* defaults that refer to other params */
	BOUND_SUBST_BYTES = 16 * MIB,      /* one text after substitution */
	BOUND_SUBST_SET_BYTES = 256 * MIB, /* all texts replaced by one set */
	BOUND_RESULT_BYTES = 16 * MIB,     /* one result file */
	BOUND_ARTIFACT_BYTES = 256 * KIB,  /* one file of artifacts */
	BOUND_ARTIFACT_VALUES = 10000,     /* in one file of artifacts */
	BOUND_TERMINATION_BYTES = 4096,    /* Kubernetes: termination message of a container */
	BOUND_TAIL_BYTES = 64 * KIB, /* end of a log kept in memory for the failure block */
	BOUND_TAIL_LINES = 20,
	BOUND_LINE_BYTES = 16 * KIB, /* one line as shown on the screen; files keep all */
	BOUND_LAYERS = 127,          /* of one image */
	BOUND_LAYER_NAME = 4096,     /* a path inside a layer */
	BOUND_LAYER_DEPTH = 256,     /* directories above a name inside a layer */
	BOUND_PAX_BYTES = MIB,       /* one extension header of a tar entry */
	BOUND_INDEX_ENTRIES = 10000, /* manifests of one index, members of one archive */
	BOUND_LOCK_BYTES = 16 * MIB, /* a lock file of images */
	BOUND_LOCK_IMAGES = 10000,
	BOUND_INDEX_DEPTH = 4, /* an index inside an index */
	BOUND_ARGS = 4096,     /* argv or envp entries of a step */
};

#define BOUND_LAYER_BYTES   (INT64_C(64) << 30) /* unpacked bytes of one layer */
#define BOUND_LAYER_FILE    (INT64_C(16) << 30)
#define BOUND_LAYER_ENTRIES INT64_C(4000000)
#define BOUND_LAYER_RATIO   INT64_C(1200) /* unpacked to packed, beyond the first 64 MiB */

#endif
