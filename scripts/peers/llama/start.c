/* llama.cpp from the start of a process to the first token: loads a GGUF file, reads a prompt of ids, and prints the likeliest next id.
 *
 *     llama_start MODEL.gguf IDS THREADS REPACK     IDS: "2,651,7"; REPACK: 1 as llama.cpp does by itself, 0 the file's own layout
 *
 * Prints {"token", "prompt_s"} as soon as the token is known.  A program of its own, because starting Python would be counted as
 * llama.cpp's.  scripts/peers/compare_start.py builds it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "llama.h"

static double now_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void say_nothing(enum ggml_log_level level, const char* text, void* data) {
  (void)data;
  if (level >= GGML_LOG_LEVEL_ERROR && level != GGML_LOG_LEVEL_CONT) fputs(text, stderr);
}

static int read_ids(char* text, llama_token** ids) {
  int count = 0;
  *ids = malloc((strlen(text) + 1) * sizeof(**ids));
  for (char* one = strtok(text, ","); one != NULL; one = strtok(NULL, ",")) (*ids)[count++] = atoi(one);
  return count;
}

static int likeliest(const float* logits, int count) {
  int best = 0;
  for (int i = 1; i < count; ++i) best = logits[i] > logits[best] ? i : best;
  return best;
}

static int fail(const char* what) {
  fprintf(stderr, "llama_start: %s\n", what);
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 5) return fail("expected MODEL.gguf IDS THREADS REPACK");
  llama_log_set(say_nothing, NULL);
  llama_backend_init();
  struct llama_model_params model_params = llama_model_default_params(); /* with mmap */
  model_params.n_gpu_layers = 0;
  model_params.use_extra_bufts = atoi(argv[4]) != 0;
  struct llama_model* model = llama_model_load_from_file(argv[1], model_params);
  if (model == NULL) return fail("the model cannot be loaded");
  llama_token* ids = NULL;
  const int count = read_ids(argv[2], &ids);
  struct llama_context_params params = llama_context_default_params();
  params.n_ctx = (uint32_t)count + 1;
  params.n_batch = (uint32_t)count > params.n_batch ? (uint32_t)count : params.n_batch;
  params.n_threads = params.n_threads_batch = atoi(argv[3]);
  struct llama_context* context = llama_init_from_model(model, params);
  if (context == NULL) return fail("there is no context");
  const double started = now_s();
  if (llama_decode(context, llama_batch_get_one(ids, count)) != 0) return fail("the prompt cannot be read");
  const float* logits = llama_get_logits_ith(context, -1);
  const int token = likeliest(logits, llama_vocab_n_tokens(llama_model_get_vocab(model)));
  printf("{\"token\": %d, \"prompt_s\": %.6f}\n", token, now_s() - started);
  fflush(stdout);
  llama_free(context);
  llama_model_free(model);
  free(ids);
  return 0;
}
