"""The descriptor pool of this package's messages, apart from the default pool of the process."""

from google.protobuf import any_pb2, descriptor_pool, duration_pb2

POOL = descriptor_pool.DescriptorPool()
for _module in (any_pb2, duration_pb2):
    POOL.AddSerializedFile(_module.DESCRIPTOR.serialized_pb)
