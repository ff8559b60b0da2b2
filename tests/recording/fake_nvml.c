/* A driver's library as nvidia-ml-py calls it, by NVML's published binary interface: the structures are written down here
   again, so that the Python side's own are held against them. What it says is read from the file $FAKE_NVML at every call:

     gpus=2            cards                      mig=0      that card is divided into two parts
     owner=GPU:PID     a process uses the card    lost=1     that card has fallen off the bus
     nopower noprocs   not told by these cards    unloaded   the driver is not there (any more)
     hang              the next count never comes back                                                              */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct { unsigned gpu, memory; } Utilization;
typedef struct { unsigned long long total, free, used; } Memory;
typedef struct { unsigned pid; unsigned long long used; unsigned gpu_instance, compute_instance; } Process;
enum { SUCCESS = 0, UNINITIALIZED = 1, NOT_SUPPORTED = 3, NOT_FOUND = 6, TOO_SMALL = 7, NOT_LOADED = 9, LOST = 15 };

static struct device { int card, part; } devices[64];

static const char *told(const char *word) { /* behind the word, or NULL */
    static char text[4096];
    FILE *file = fopen(getenv("FAKE_NVML"), "r");
    if (!file) return NULL;
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    const char *found = strstr(text, word);
    return found ? found + strlen(word) : NULL;
}
static int number(const char *word, int otherwise) { const char *at = told(word); return at ? atoi(at) : otherwise; }
static int refused(struct device *d) {
    if (told("unloaded")) return UNINITIALIZED;
    return number("lost=", -1) == d->card ? LOST : SUCCESS;
}
int nvmlInitWithFlags(unsigned flags) { return told("unloaded") ? NOT_LOADED : SUCCESS; }
int nvmlShutdown(void) { return SUCCESS; }
int nvmlSystemGetDriverVersion(char *out, unsigned n) { snprintf(out, n, "555.42.02"); return SUCCESS; }
int nvmlSystemGetCudaDriverVersion(int *out) { *out = 12050; return SUCCESS; }
int nvmlDeviceGetCount_v2(unsigned *out) {
    if (told("unloaded")) return UNINITIALIZED;
    while (told("hang")) usleep(10000);
    *out = number("gpus=", 1);
    return SUCCESS;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, struct device **out) {
    devices[index] = (struct device){index, -1};
    *out = &devices[index];
    return SUCCESS;
}
int nvmlDeviceGetUUID(struct device *d, char *out, unsigned n) {
    if (d->part < 0) snprintf(out, n, "GPU-0000000%d-aaaa", d->card); else snprintf(out, n, "MIG-0000000%d-bbbb", d->part);
    return refused(d);
}
int nvmlDeviceGetName(struct device *d, char *out, unsigned n) { snprintf(out, n, "Tester %d", d->card); return refused(d); }
int nvmlDeviceGetUtilizationRates(struct device *d, Utilization *out) {
    if (d->part >= 0 || number("mig=", -1) == d->card) return NOT_SUPPORTED;
    *out = (Utilization){40 + d->card, 7};
    return refused(d);
}
int nvmlDeviceGetMemoryInfo(struct device *d, Memory *out) {
    unsigned long long gib = 1ull << 30;
    *out = d->part < 0 ? (Memory){80 * gib, 70 * gib, 10 * gib} : (Memory){10 * gib, 9 * gib, (1 + d->part) * gib};
    return refused(d);
}
int nvmlDeviceGetPowerUsage(struct device *d, unsigned *out) {
    if (d->part >= 0 || told("nopower")) return NOT_SUPPORTED;
    *out = 71500;
    return refused(d);
}
int nvmlDeviceGetMigMode(struct device *d, unsigned *now, unsigned *later) {
    *now = *later = number("mig=", -1) == d->card;
    return refused(d);
}
int nvmlDeviceGetMaxMigDeviceCount(struct device *d, unsigned *out) { *out = 7; return refused(d); }
int nvmlDeviceGetMigDeviceHandleByIndex(struct device *d, unsigned index, struct device **out) {
    if (index > 1) return NOT_FOUND;
    devices[32 + index] = (struct device){d->card, index};
    *out = &devices[32 + index];
    return refused(d);
}
int nvmlDeviceGetComputeRunningProcesses_v3(struct device *d, unsigned *count, Process *out) {
    if (told("noprocs")) return NOT_SUPPORTED;
    char word[32];
    snprintf(word, sizeof word, "owner=%d:", d->part < 0 ? d->card : d->part);
    int pid = number(word, 0);
    if (!pid || (d->part < 0 && number("mig=", -1) == d->card)) { *count = 0; return refused(d); }
    if (!out || *count < 1) { *count = 1; return TOO_SMALL; }
    *count = 1;
    out[0] = (Process){pid, 3ull << 30, 0, 0};
    return refused(d);
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(struct device *d, unsigned *count, Process *out) { *count = 0; return refused(d); }
