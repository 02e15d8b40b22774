#include <napi.h>

#include "functions.h"

namespace sockbroker {

NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)

}  // namespace sockbroker
