{
  "variables": {
    "werror%": 0,
    # Whether to build sockbroker_testing too: a package does not have its source.
    "testing%": 0,
  },
  "target_defaults": {
    "configurations": {
      # The C++ library inside: a host may have an older one than the machine that built this, or (Alpine) none.
      "Release": {"ldflags": ["-static-libstdc++", "-static-libgcc", "-Wl,--gc-sections", "-Wl,--exclude-libs,ALL"], "cflags": ["-ffunction-sections"]},
      # `make BUILDTYPE=Asan`: scripts/build-native.mjs --asan.
      "Asan": {
        "cflags": ["-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"],
        "ldflags": ["-fsanitize=address,undefined"],
      },
    },
    "include_dirs": [
      "<!(node -p \"require('node-addon-api').include_dir\")",
    ],
    "defines": [
      "NAPI_VERSION=8",
      "NAPI_DISABLE_CPP_EXCEPTIONS",
      # A worker that is being terminated cannot throw: without this, node-addon-api ends the whole process.
      "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
      "NODE_ADDON_API_DISABLE_DEPRECATED",
      "_GNU_SOURCE",
    ],
    "cflags": ["-Wall", "-Wextra", "-fvisibility=hidden", "-pthread", "-iquote", "<(module_root_dir)/src/native/addon"],
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fexceptions"],
    "cflags_cc": ["-std=c++20", "-fno-exceptions", "-fno-rtti"],
    "ldflags": [
      # A worker that ends unloads the addon, while a look-up of its may still run on a thread of ours.
      "-Wl,-z,nodelete",
      "-pthread",
    ],
    "conditions": [
      ["werror==1", {"cflags": ["-Werror"]}],
    ],
  },
  "targets": [
    {
      # What both addons consist of, compiled once.
      "target_name": "sockbroker_core",
      "type": "static_library",
      "sources": [
        "<!@(find src/native/addon -name '*.cc' ! -name module.cc | sort)",
      ],
    },
    {
      "target_name": "sockbroker",
      "dependencies": ["sockbroker_core"],
      "sources": ["src/native/addon/module.cc"],
    },
  ],
  "conditions": [
    ["testing==1", {
      "targets": [
        {
          "target_name": "sockbroker_testing",
          "dependencies": ["sockbroker_core"],
          "sources": ["test/native/testing.cc"],
        },
      ],
    }],
  ],
}
