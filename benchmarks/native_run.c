/* The floor for `tfexport run`: the same library, the same calls, no Python.
 *
 *   native_run DIR INPUT_OP OUTPUT_OP FEATURES BATCH BATCHES
 *
 * Loads a SavedModel with the tag "serve", feeds BATCHES batches of BATCH x FEATURES float32
 * ones, fetches one output of each, and prints the rows and the sum of the outputs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tensorflow/c/c_api.h"

static void check(TF_Status *status, const char *what) {
  if (TF_GetCode(status) != TF_OK) {
    fprintf(stderr, "%s: %s\n", what, TF_Message(status));
    exit(1);
  }
}

int main(int argc, char **argv) {
  if (argc != 7) {
    fprintf(stderr, "usage: %s DIR INPUT_OP OUTPUT_OP FEATURES BATCH BATCHES\n", argv[0]);
    return 2;
  }
  const char *tags[] = {"serve"};
  const int64_t features = atoll(argv[4]), batch = atoll(argv[5]), batches = atoll(argv[6]);

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

  double sum = 0;
  for (int64_t turn = 0; turn < batches; turn++) {
    const int64_t dims[] = {batch, features};
    TF_Tensor *given = TF_AllocateTensor(TF_FLOAT, dims, 2, batch * features * sizeof(float));
    float *values = TF_TensorData(given);
    for (int64_t i = 0; i < batch * features; i++) values[i] = 1.0f;
    TF_Tensor *result = NULL;
    TF_SessionRun(session, NULL, &input, &given, 1, &output, &result, 1, NULL, 0, NULL, status);
    check(status, "run");
    const float *found = TF_TensorData(result);
    for (size_t i = 0; i < TF_TensorByteSize(result) / sizeof(float); i++) sum += found[i];
    TF_DeleteTensor(given);
    TF_DeleteTensor(result);
  }
  printf("%lld rows, sum %g\n", (long long)(batch * batches), sum);

  TF_CloseSession(session, status);
  TF_DeleteSession(session, status);
  TF_DeleteSessionOptions(options);
  TF_DeleteGraph(graph);
  TF_DeleteStatus(status);
  return 0;
}
