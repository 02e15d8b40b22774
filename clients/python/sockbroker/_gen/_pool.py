"""The descriptor pool of this package's messages, apart from the default pool of the process."""

from google.protobuf import any_pb2, descriptor_pool, duration_pb2, message_factory

POOL = descriptor_pool.DescriptorPool()
for _module in (any_pb2, duration_pb2):
    POOL.AddSerializedFile(_module.DESCRIPTOR.serialized_pb)
    # The implementation of protobuf that is Python alone makes no class for a message before it is told to.
    for _message in POOL.FindFileByName(_module.DESCRIPTOR.name).message_types_by_name.values():
        message_factory.GetMessageClass(_message)
