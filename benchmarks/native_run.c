/* The floor for `tfexport run`: the same library, the same calls, no Python.
 *
 *   native_run DIR INPUT_OP OUTPUT_OP FEATURES BATCH BATCHES [ROWS.npy OUTPUT]
 *
 * Loads a SavedModel with the tag "serve", feeds BATCHES batches of BATCH x FEATURES float32
 * (FEATURES may be several dimensions, as 224,224,3), fetches one output of each, and prints the rows and the sum of the outputs. The rows come from
 * ROWS.npy, a shorter last batch included, and the outputs go to OUTPUT without a header; without
 * the two every value is 1, and nothing is written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensorflow/c/c_api.h"

static void check(TF_Status *status, const char *what) {
  if (TF_GetCode(status) != TF_OK) {
    fprintf(stderr, "%s: %s\n", what, TF_Message(status));
    exit(1);
  }
}

/* Opens an .npy of version 1 behind its header: the header's length is in bytes 8 and 9. */
static FILE *open_rows(const char *path) {
  unsigned char start[10];
  FILE *rows = fopen(path, "rb");
  if (!rows || fread(start, 1, 10, rows) != 10 || fseek(rows, start[8] + 256 * start[9], SEEK_CUR)) {
    fprintf(stderr, "cannot read %s\n", path);
    exit(1);
  }
  return rows;
}

/* The shape of a batch: its rows come first. */
typedef struct {
  int64_t dims[8];
  int rank;
  int64_t features;
} Shape;

static Shape read_shape(int64_t batch, const char *features) {
  Shape shape = {{batch}, 1, 1};
  for (const char *at = features; at && shape.rank < 8; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
    shape.dims[shape.rank] = atoll(at);
    shape.features *= shape.dims[shape.rank++];
  }
  return shape;
}

/* Fills a tensor of at most `batch` rows; NULL at the end of the file. */
static TF_Tensor *next_batch(FILE *rows, Shape shape) {
  int64_t *dims = shape.dims, batch = dims[0], features = shape.features;
  const size_t width = features * sizeof(float);
  TF_Tensor *given = TF_AllocateTensor(TF_FLOAT, dims, shape.rank, batch * width);
  float *values = TF_TensorData(given);
  if (!rows) {
    for (int64_t i = 0; i < batch * features; i++) values[i] = 1.0f;
    return given;
  }
  dims[0] = fread(values, width, batch, rows);
  if (dims[0] == batch) return given;
  TF_Tensor *shorter = NULL;
  if (dims[0]) {
    shorter = TF_AllocateTensor(TF_FLOAT, dims, shape.rank, dims[0] * width);
    memcpy(TF_TensorData(shorter), values, dims[0] * width);
  }
  TF_DeleteTensor(given);
  return shorter;
}

int main(int argc, char **argv) {
  if (argc != 7 && argc != 9) {
    fprintf(stderr, "usage: %s DIR INPUT_OP OUTPUT_OP FEATURES BATCH BATCHES [ROWS.npy OUTPUT]\n", argv[0]);
    return 2;
  }
  const char *tags[] = {"serve"};
  const Shape shape = read_shape(atoll(argv[5]), argv[4]);
  const int64_t batches = atoll(argv[6]);

  TF_Status *status = TF_NewStatus();
  TF_Graph *graph = TF_NewGraph();
  TF_SessionOptions *options = TF_NewSessionOptions();
  TF_Session *session = TF_LoadSessionFromSavedModel(options, NULL, argv[1], tags, 1, graph, NULL, status);
  check(status, "load");

  TF_Output input = {TF_GraphOperationByName(graph, argv[2]), 0};
  TF_Output output = {TF_GraphOperationByName(graph, argv[3]), 0};
  if (!input.oper || !output.oper) {
    fprintf(stderr, "no such operation: %s or %s\n", argv[2], argv[3]);
    return 1;
  }

  FILE *rows = argc == 9 ? open_rows(argv[7]) : NULL;
  FILE *written = argc == 9 ? fopen(argv[8], "wb") : NULL;
  double sum = 0;
  int64_t count = 0;
  for (int64_t turn = 0; turn < batches; turn++) {
    TF_Tensor *given = next_batch(rows, shape);
    if (!given) break;
    count += TF_Dim(given, 0);
    TF_Tensor *result = NULL;
    TF_SessionRun(session, NULL, &input, &given, 1, &output, &result, 1, NULL, 0, NULL, status);
    check(status, "run");
    const float *found = TF_TensorData(result);
    const size_t size = TF_TensorByteSize(result) / sizeof(float);
    if (written && fwrite(found, sizeof(float), size, written) != size) {
      fprintf(stderr, "cannot write %s\n", argv[8]);
      return 1;
    }
    for (size_t i = 0; i < size; i++) sum += found[i];
    TF_DeleteTensor(given);
    TF_DeleteTensor(result);
  }
  if (written && fclose(written)) return 1;
  printf("%lld rows, sum %g\n", (long long)count, sum);

  TF_CloseSession(session, status);
  TF_DeleteSession(session, status);
  TF_DeleteSessionOptions(options);
  TF_DeleteGraph(graph);
  TF_DeleteStatus(status);
  return 0;
}
